import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { locateFile, lookingProbe } from '../../store/agent-file.ts';
import { fileKind } from '../../store/file-kind.ts';
import { fileSize } from '../../store/file-size.ts';
import { agentsFolder, homeTrackerFile } from '../../store/folders.ts';
import { listFiles } from '../../store/list-files.ts';
import { type OpenFile, openForReading } from '../../store/open.ts';
import { isWal } from '../../store/snapshot.ts';
import { asStoreError, StoreError } from '../../store/store-error.ts';
import { hasImported } from '../imported.ts';
import { bytesText, counted } from './amounts.ts';
import { unusable } from './disk-room.ts';
import { type Finding, finding, fine, word } from './findings.ts';
import type { Check, Sight } from './sight.ts';

/** Integrity is checked as long as that much has not been read: a page at 1 GB/s, so a second at most. */
const CHECK_BYTES = 256 * 1024 * 1024;
const READ_WAIT_MS = 500;

interface Sum {
  files: number;
  bytes: number;
  imported: boolean;
  readonly agents: Set<string>;
  readonly journals: Set<string>;
  leftToCheck: number;
  unchecked: number;
}

export const agentFiles: Check = {
  about: 'files',
  run(sight) {
    const { settings, env, sharedVolume } = sight;
    const found: Finding[] = [];
    const sum: Sum = {
      files: 0,
      bytes: 0,
      imported: false,
      agents: new Set(),
      journals: new Set(),
      leftToCheck: CHECK_BYTES,
      unchecked: 0,
    };
    const listed = listFiles(settings, env, sharedVolume, (error) =>
      found.push(finding('folder-unreadable', error.message, `ls -ld ${word(error.path)}`)),
    );
    for (const { path } of listed) found.push(...ofFile(path, sight, sum));
    found.unshift(summary(sight, sum));
    found.push(...ofPlace(sight), ...ofAgentless(sight), ...ofOldTracker(sight, sum));
    return found;
  },
};

function summary({ settings, env, sharedVolume, disk }: Sight, { files, bytes, agents, journals, unchecked }: Sum): Finding {
  const place = settings.dbPath ?? agentsFolder(settings, env, sharedVolume).folder;
  const { kind, type } = disk.fileSystem(settings.dbPath === null ? place : dirname(place));
  if (files === 0) return fine(`nothing is recorded in ${place} yet (${type}, ${kind})`);
  const whose = agents.size === 0 ? '' : ` of ${counted(agents.size, 'agent')}`;
  const checked = unchecked === 0 ? 'all sound' : `${unchecked} too large to check here`;
  return fine(
    `${counted(files, 'file')}${whose} in ${place}: ${bytesText(bytes)}, ${checked}, journal ${[...journals].sort().join(' and ')} on ${type} (${kind})`,
  );
}

function ofFile(path: string, { settings, disk }: Sight, sum: Sum): Finding[] {
  const found: Finding[] = [];
  let file: OpenFile | undefined;
  try {
    const bytes = fileSize(path);
    file = openForReading(path, { busyTimeoutMs: READ_WAIT_MS });
    sum.files += 1;
    sum.bytes += bytes;
    const wal = isWal(path);
    sum.journals.add(wal ? 'wal' : 'rollback');
    for (const agent of agentsIn(file)) sum.agents.add(agent);
    sum.imported ||= hasImported(file);
    found.push(...soundness(path, file, bytes, sum));
    const { kind, type } = disk.fileSystem(dirname(path));
    if (wal && kind !== 'local') {
      found.push(
        finding(
          'wal-on-network',
          `${path} is in WAL mode on ${type}: hosts that share it would damage it`,
          `sqlite3 ${word(path)} "PRAGMA journal_mode=TRUNCATE"`,
        ),
      );
    }
    if (bytes > settings.maxMb * 1024 * 1024)
      found.push(finding('file-too-large', `${path} has ${bytesText(bytes)}, more than AI_TRACKER_MAX_MB=${settings.maxMb}`));
    if (!disk.mayWrite(path))
      found.push(finding('file-read-only', `${path} cannot be written by this user`, `ls -l ${word(path)}`));
  } catch (error) {
    const told = asStoreError(error, 'read', path);
    if (!(told instanceof StoreError)) throw error;
    if (existsSync(path)) found.push(unusable(told, path, { disk }));
  } finally {
    file?.close();
  }
  return found;
}

function soundness(path: string, file: OpenFile, bytes: number, sum: Sum): Finding[] {
  if (bytes > sum.leftToCheck) {
    sum.unchecked += 1;
    return [];
  }
  sum.leftToCheck -= bytes;
  const said = quickCheck(file);
  return said === 'ok' ? [] : [finding('file-unusable', `${path} is damaged: ${said}`, `sqlite3 ${word(path)} .recover`)];
}

function quickCheck({ db }: OpenFile): string {
  try {
    return db.pragma('quick_check(1)', { simple: true }) as string;
  } catch (error) {
    return (error as Error).message;
  }
}

const agentsIn = ({ db }: OpenFile): string[] =>
  db
    .prepare(
      `SELECT agent_id FROM agent_sessions WHERE agent_id IS NOT NULL UNION SELECT agent_id FROM task_executions WHERE agent_id IS NOT NULL
       UNION SELECT agent_id FROM file_modifications WHERE agent_id IS NOT NULL`,
    )
    .pluck()
    .all() as string[];

/** Where a new row would go, as far as modes tell. */
function ofPlace({ settings, env }: Sight): Finding[] {
  try {
    const { fallback } = locateFile(settings.agentId ?? 'doctor', settings, env, lookingProbe);
    if (fallback === null) return [];
    const { folder } = agentsFolder(settings, env);
    return [finding('fallback-folder', fallback.message, `ls -ld ${word(folder)}`)];
  } catch (error) {
    return [finding('fallback-folder', `no folder takes a file: ${(error as Error).message}`, 'df -h')];
  }
}

/** Rows of processes without an agent stay below the home, whatever folder the others share. */
function ofAgentless({ settings, env }: Sight): Finding[] {
  // A folder that was typed is looked into for what is in it.
  if (settings.dbPath !== null || !env['AI_TRACKER_SHARED_DIR']) return [];
  let path: string;
  try {
    ({ path } = locateFile(null, settings, env, lookingProbe));
  } catch {
    return [];
  }
  if (existsSync(path))
    return [
      finding(
        'rows-without-agent',
        `rows of processes without AGENT_ID lie in ${path}, where readers of ${agentsFolder(settings, env).folder} do not see them`,
        `ai-tracker agents --db ${word(path)}`,
      ),
    ];
  return settings.agentId === null ? [fine(`without AGENT_ID, as here, rows go to ${path}`)] : [];
}

function ofOldTracker({ env }: Sight, { imported }: Sum): Finding[] {
  const path = homeTrackerFile(env);
  if (imported || !existsSync(path) || fileKind(path) !== 'foreign' || !statSync(path).isFile()) return [];
  return [finding('old-tracker', `${path} is cc-ai-tracker’s, and its rows are not taken over`, 'ai-tracker import')];
}
