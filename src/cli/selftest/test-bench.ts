import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { absolutePath } from '../../model/absolute-path.ts';
import type { Settings } from '../../model/settings.ts';
import { locateFile } from '../../store/agent-file.ts';
import { AGENT_PLACEHOLDER, agentsFolder } from '../../store/folders.ts';
import { listFolder } from '../../store/list-files.ts';
import type { Deadline } from './deadline.ts';
import type { Bench } from './door.ts';

const PREFIX = 'selftest-';
const AGENT = /^selftest-[0-9a-f]{8}$/;
/** No test takes that long: one that was killed left it. */
const STALE_MS = 10 * 60_000;

/**
 * An agent of the test's own, whose file lies where those of others do: that the folder takes it is part of the test. Where one file
 * is for all agents, it lies beside that one, so that nothing of the test gets into rows that somebody counts.
 *
 * @throws {Error} where the rows would not lie where they should
 */
export function makeBench(settings: Settings, env: NodeJS.ProcessEnv, cwd: string, deadline: Deadline): Bench {
  const agentId = `${PREFIX}${randomBytes(4).toString('hex')}`;
  const isOneFile = settings.dbPath !== null && !settings.dbPath.includes(AGENT_PLACEHOLDER);
  const dbPath = isOneFile ? join(dirname(absolutePath(settings.dbPath)), `${agentId}.db`) : settings.dbPath;
  const ours: Settings = { ...settings, agentId, dbPath };
  const { path, fallback } = locateFile(agentId, ours, env);
  if (fallback !== null) {
    removeFile(path);
    throw new Error(fallback.message);
  }
  const variables: NodeJS.ProcessEnv = { ...env, AGENT_ID: agentId };
  // What would tie the rows to somebody else's task or trace, or send them to a receiver that has a door of its own here.
  for (const name of FOREIGN) delete variables[name];
  if (ours.dbPath !== null) variables['AI_TRACKER_DB_PATH'] = ours.dbPath;
  else {
    delete variables['AI_TRACKER_DB_PATH'];
    if (ours.sharedDir !== null) variables['AI_TRACKER_SHARED_DIR'] = ours.sharedDir;
  }
  return {
    ...{ agentId, file: path, settings: ours, env: variables, home: env['HOME'] || homedir(), cwd },
    scratch: mkdtempSync(join(tmpdir(), 'ai-tracker-selftest-')),
    deadline,
  };
}

const FOREIGN = [
  ...['AGENT_SWARM_AGENT_ID', 'AGENT_SWARM_TASK_ID', 'AI_TRACKER_TASK_ID', 'AI_TRACKER_ENDPOINT'],
  ...['TRACEPARENT', 'TRACESTATE'],
];

/** Takes away what the test made, and what tests that were killed left. */
export function clearBench({ file, settings, env, scratch }: Bench): void {
  rmSync(scratch, { recursive: true, force: true });
  removeFile(file);
  if (settings.dbPath !== null) return;
  try {
    for (const { path, agentHint } of listFolder(agentsFolder(settings, env).folder)) {
      const found = AGENT.test(agentHint ?? '') ? statSync(path, { throwIfNoEntry: false }) : undefined;
      if (found !== undefined && Date.now() - found.mtimeMs > STALE_MS) removeFile(path);
    }
  } catch {
    // The folder cannot be read: the test has said so.
  }
}

function removeFile(path: string): void {
  for (const part of ['', '-wal', '-shm', '-journal']) rmSync(path + part, { force: true });
  // Where disks take folders but no files, the agent has a folder.
  if (!AGENT.test(basename(dirname(path)))) return;
  try {
    rmdirSync(dirname(path));
  } catch {
    // Somebody put something there.
  }
}
