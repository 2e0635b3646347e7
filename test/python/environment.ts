import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/ai-tracker-python/', import.meta.url));
/** hatchet-sdk runs on no older one. */
const OLDEST_PYTHON = [3, 10] as const;

/** What pip says when nobody answers; when somebody answers that there is no such package, it says none of these. */
const NOT_REACHED =
  /after connection broken by|Could not fetch URL|Max retries exceeded|Failed to establish a new connection|Read timed out|ProxyError/;

export type Prepared =
  | { readonly outcome: 'ready'; readonly python: string }
  /** This machine cannot run these tests, which says nothing about the package. */
  | { readonly outcome: 'skipped'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly reason: string };

export interface Place {
  /** A requirements file of pip's. */
  readonly requirements?: string;
  /** Where environments are kept, one for each content of the requirements. */
  readonly cache?: string;
}

/** The environment's interpreter, whether it has been made or not. */
export function pythonOf({ requirements = REQUIREMENTS, cache = CACHE }: Place = {}): string {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);
  return `${cache}${cache.endsWith('/') ? '' : '/'}${hash}/bin/python`;
}

/** Makes the virtual environment, where it is not there yet, with what requirements.txt says. */
export async function preparePython(place: Place = {}): Promise<Prepared> {
  const python = pythonOf(place);
  const folder = python.slice(0, -'/bin/python'.length);
  // Written last: an environment without it was left half made.
  const marker = `${folder}/complete`;
  if (existsSync(marker) && (await run(python, ['-c', ''])).code === 0) return { outcome: 'ready', python };
  const found = await run('python3', ['-c', 'import sys; print(*sys.version_info[:2])']);
  if (found.code !== 0) return { outcome: 'skipped', reason: 'there is no python3 here' };
  const [major = 0, minor = 0] = found.text.trim().split(' ').map(Number);
  if (major !== OLDEST_PYTHON[0] || minor < OLDEST_PYTHON[1]) {
    return { outcome: 'skipped', reason: `python3 is ${major}.${minor}, hatchet-sdk needs ${OLDEST_PYTHON.join('.')}` };
  }
  rmSync(folder, { recursive: true, force: true });
  const made = await run('python3', ['-m', 'venv', folder]);
  if (made.code !== 0) {
    // Debian has it in a package of its own.
    if (/ensurepip|No module named venv/.test(made.text))
      return { outcome: 'skipped', reason: 'this python3 has no venv module' };
    return { outcome: 'failed', reason: `cannot make a virtual environment in ${folder}: ${made.text}` };
  }
  // Compiled at first import instead: 18 s rather than 60 s.
  const options = ['-q', '--no-compile', '--no-input', '--disable-pip-version-check', '--retries', '2', '--timeout', '15'];
  const requirements = place.requirements ?? REQUIREMENTS;
  const installed = await run(python, ['-m', 'pip', 'install', ...options, '-r', requirements]);
  if (installed.code !== 0) {
    rmSync(folder, { recursive: true, force: true });
    if (NOT_REACHED.test(installed.text)) return { outcome: 'skipped', reason: 'PyPI was not reached' };
    return { outcome: 'failed', reason: `cannot install ${requirements}: ${installed.text}` };
  }
  writeFileSync(marker, '');
  return { outcome: 'ready', python };
}

async function run(command: string, args: readonly string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  child.stderr.on('data', (data: Buffer) => (text += data.toString()));
  try {
    await once(child, 'close');
  } catch (error) {
    return { code: null, text: String(error) };
  }
  return { code: child.exitCode, text };
}
