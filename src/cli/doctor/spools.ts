import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BAD_FOLDER } from '../../spool/drain.ts';
import { isMarkedFull } from '../../spool/full-marker.ts';
import { timeOfRecord } from '../../spool/read-record.ts';
import { IGNORED_HOOKS, type IgnoredHook, refusals, type SnapshotRefusal } from '../../spool/refusals.ts';
import { spoolFolders } from '../../spool/spool-folder.ts';
import { repositoryAwaited, waitingFolders } from '../../spool/waiting-lines.ts';
import { recordNames, spoolBytes } from '../../spool/write-record.ts';
import { ageText, bytesText } from './amounts.ts';
import { type Finding, finding, fine, word } from './findings.ts';
import type { Check, Sight } from './sight.ts';

const OLD_MS = 10 * 60_000;
/** Outside of git there is no state to keep: that is no fault. */
const MISSES: readonly SnapshotRefusal[] = ['no_git', 'timeout', 'suspended', 'failed'];

const WHY_IGNORED: Readonly<Record<IgnoredHook, string>> = {
  no_session: 'no usable session_id',
  no_event_name: 'no hook_event_name',
  no_tool_call: 'no usable tool_use_id or tool_name',
  unknown_event: 'an event that this version does not know',
};

export const spools: Check = {
  about: 'spool',
  run(sight) {
    const folders = spoolFolders(sight.settings, sight.env).candidates;
    return [
      ...placeFindings(folders),
      ...folders.filter((folder) => existsSync(folder)).flatMap((folder) => ofFolder(folder, sight)),
    ];
  },
};

function placeFindings(folders: readonly string[]): Finding[] {
  const first = folders[0] ?? '';
  if (mayMakeFilesIn(first)) return [];
  const refusal = `cannot write ${first}: ${refusalOf(first)}`;
  const other = folders.slice(1).find(mayMakeFilesIn);
  const command = `ls -ld ${word(nearestFolder(first))}`;
  return other === undefined
    ? [finding('spool-unwritable', `${refusal}; hook events are lost`, command)]
    : [finding('spool-second-choice', `${refusal}; records go to ${other}`, command)];
}

function ofFolder(folder: string, { settings, nowMs }: Sight): Finding[] {
  const found: Finding[] = [];
  const names = recordNames(folder);
  const bytes = spoolBytes(folder);
  const oldest = names.reduce((least, name) => Math.min(least, timeOfRecord(folder, name) ?? nowMs), nowMs);
  const held = `${folder}: ${names.length} ${names.length === 1 ? 'record' : 'records'}, ${bytesText(bytes)}`;
  if (isMarkedFull(folder) || bytes >= settings.spoolMaxMb * 1024 * 1024) {
    found.push(
      finding(
        'spool-full',
        `${held}, at most ${settings.spoolMaxMb} MB (AI_TRACKER_SPOOL_MAX_MB): new records are refused`,
        drainCommand(),
      ),
    );
  } else if (nowMs - oldest > OLD_MS) {
    found.push(finding('spool-old', `${held}; the oldest waits since ${ageText(nowMs - oldest)}`, drainCommand()));
  } else {
    found.push(fine(names.length === 0 ? `${folder}: empty` : `${held}; the oldest waits since ${ageText(nowMs - oldest)}`));
  }
  for (const waiting of waitingFolders(folder)) {
    const records = recordNames(waiting).length;
    if (records === 0) continue;
    // The clone of a container that is gone, or of another one: no fault of this machine's.
    found.push(
      fine(
        `${records} ${records === 1 ? 'record waits' : 'records wait'} for ${repositoryAwaited(waiting)}, which cannot be had from here; their rows are written, whose lines are whose is not`,
      ),
    );
  }
  const refused = refusals(folder, 'refused');
  if (refused > 0)
    found.push(
      finding('spool-refused', `${refused} hook events were refused in ${folder} and are lost`, remove(folder, '.refused')),
    );
  const refusedGit = refusals(folder, 'refused_git');
  if (refusedGit > 0)
    found.push(
      finding(
        'git-refused',
        `${refusedGit} hooks of git found no room in ${folder}: what they told is lost`,
        remove(folder, '.refused_git'),
      ),
    );
  const unreadable = refusals(folder, 'unreadable');
  if (unreadable > 0)
    found.push(
      finding(
        'spool-unreadable',
        `${unreadable} times a hook got no event on stdin, says ${folder}`,
        remove(folder, '.unreadable'),
      ),
    );
  const expired = refusals(folder, 'expired');
  if (expired > 0)
    found.push(
      finding(
        'spool-expired',
        `${expired} records waited longer than AI_TRACKER_SPOOL_HOURS in ${folder} and were given up`,
        remove(folder, '.expired'),
      ),
    );
  const ignored = IGNORED_HOOKS.map((what) => ({ what, times: refusals(folder, `ignored_${what}`) })).filter(
    ({ times }) => times > 0,
  );
  if (ignored.length > 0)
    found.push(
      finding(
        'hooks-ignored',
        `of hook events in ${folder} no row could be made: ${ignored.map(({ what, times }) => `${times} × ${WHY_IGNORED[what]}`).join(', ')}`,
        remove(folder, ...ignored.map(({ what }) => `.ignored_${what}`)),
      ),
    );
  const missed = MISSES.map((what) => ({ what, times: refusals(folder, `snapshot_${what}`) })).filter(({ times }) => times > 0);
  if (missed.length > 0)
    found.push(
      finding(
        'states-missed',
        `the state of a work tree was not kept, says ${folder}: ${missed.map(({ what, times }) => `${times} × ${what}`).join(', ')}`,
        remove(folder, ...missed.map(({ what }) => `.snapshot_${what}`)),
      ),
    );
  const bad = count(join(folder, BAD_FOLDER));
  if (bad > 0)
    found.push(
      finding(
        'spool-set-aside',
        `${bad} records that nobody can read lie in ${join(folder, BAD_FOLDER)}`,
        `ls -l ${word(join(folder, BAD_FOLDER))}`,
      ),
    );
  return found;
}

/** Any command that reads drains first, and says of what it cannot write why. */
const drainCommand = (): string => 'ai-tracker agents';

const remove = (folder: string, ...names: readonly string[]): string =>
  `rm ${names.map((name) => word(join(folder, name))).join(' ')}`;

function count(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
}

/** Of what is not there yet, the folder above decides. */
function nearestFolder(path: string): string {
  for (let at = path; ; at = dirname(at)) if (existsSync(at) || dirname(at) === at) return at;
}

const mayMakeFilesIn = (folder: string): boolean => refusalOf(folder) === null;

function refusalOf(folder: string): string | null {
  try {
    accessSync(nearestFolder(folder), constants.W_OK | constants.X_OK);
    readdirSync(nearestFolder(folder));
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
