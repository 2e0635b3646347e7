import { dirname } from 'node:path';
import { spoolFolders } from '../../spool/spool-folder.ts';
import { agentsFolder, folderOfPath, homeAgentsFolder } from '../../store/folders.ts';
import type { StoreError, StoreErrorCode } from '../../store/store-error.ts';
import { bytesText } from './amounts.ts';
import { type Finding, finding, word } from './findings.ts';
import type { Check, Sight } from './sight.ts';

/** Less than that takes no new file of an agent: an empty one has some 200 kB, and SQLite wants its journal beside it. */
const LEAST_BYTES = 1024 * 1024;

/** Whether the disks of the data and of the spool have room: asked of the file system, since doctor writes nothing. */
export const diskRoom: Check = {
  about: 'disk',
  run(sight) {
    const { settings, env, sharedVolume, disk } = sight;
    const data = settings.dbPath === null ? agentsFolder(settings, env, sharedVolume).folder : folderOfPath(settings.dbPath);
    const folders = new Set([
      data,
      ...spoolFolders(settings, env).candidates,
      ...(settings.agentId === null ? [homeAgentsFolder(env)] : []),
    ]);
    const full = [...folders].filter((folder) => isFull(folder, sight));
    if (full.length === 0) return [];
    const left = Math.min(...full.map((folder) => disk.freeBytes(folder) ?? 0));
    return [
      finding(
        'disk-full',
        `the disk of ${full.join(' and ')} has ${bytesText(left)} left: nothing more can be recorded there until there is room`,
        `df -h ${full.map(word).join(' ')}`,
      ),
    ];
  },
};

const isFull = (folder: string, { disk }: Pick<Sight, 'disk'>): boolean => (disk.freeBytes(folder) ?? LEAST_BYTES) < LEAST_BYTES;

const MEND: Readonly<Record<StoreErrorCode, (path: string) => string>> = {
  locked: (path) => `fuser ${word(path)}`,
  'too-old': () => 'npm install -g ai-tracker-otel@latest',
  'not-ours': (path) => `sqlite3 ${word(path)} .recover`,
  corrupt: (path) => `sqlite3 ${word(path)} .recover`,
  disk: (path) => `df -h ${word(dirname(path))}`,
  'no-handles': () => 'ulimit -n',
  'read-only': (path) => `ls -l ${word(path)}`,
};

/** Of a file that cannot be read. On a full disk it may only be half made: then there is nothing in it to recover. */
export function unusable(error: StoreError, path: string, sight: Pick<Sight, 'disk'>): Finding {
  if (!isFull(dirname(path), sight)) return finding('file-unusable', error.message, MEND[error.code](path));
  const message = `${path} cannot be read, perhaps only half made, since its disk is full: make room and run doctor again`;
  return finding('file-unusable', message, MEND.disk(path));
}
