import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';

const ASK_MS = 1000;
/** State of a listening socket in /proc/net/tcp. */
const LISTENING = '0A';

/**
 * Who listens on a port of this machine, in words: another `ai-tracker serve` is asked, of others Linux tells process and
 * command where we may look. Null where nothing can be known.
 */
export async function portHolder(host: string, port: number): Promise<string | null> {
  return (await askReceiver(host, port)) ?? findListener(port);
}

async function askReceiver(host: string, port: number): Promise<string | null> {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  try {
    const asked = get({ host: name, port, path: '/healthz', agent: false, signal: AbortSignal.timeout(ASK_MS) });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const health = await json(response);
    const { name: program, version, pid } = health as Record<string, unknown>;
    if (program !== 'ai-tracker-otel') return null;
    return `another \`ai-tracker serve\` (version ${String(version)}, process ${String(pid)})`;
  } catch {
    return null;
  }
}

function findListener(port: number): string | null {
  const sockets = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningSockets(file, port)));
  if (sockets.size === 0) return null;
  for (const pid of entries('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!entries(`/proc/${pid}/fd`).some((fd) => sockets.has(link(`/proc/${pid}/fd/${fd}`)))) continue;
    const command = text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 100);
    return `process ${pid}${command === '' ? '' : ` (${command})`}`;
  }
  return null;
}

/** As /proc/PID/fd names them. */
function listeningSockets(file: string, port: number): string[] {
  return text(file)
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTENING && Number.parseInt(local?.split(':')[1] ?? '', 16) === port)
    .map((fields) => `socket:[${fields[9] ?? ''}]`);
}

const attempt = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};
const text = (file: string): string => attempt(() => readFileSync(file, 'latin1'), '');
const link = (file: string): string => attempt(() => readlinkSync(file), '');
const entries = (folder: string): string[] => attempt(() => readdirSync(folder), []);
