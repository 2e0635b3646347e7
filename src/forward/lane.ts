import { readdir, readFile, rename, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Observer } from '../model/liveness.ts';
import { makeFolder } from '../model/make-folder.ts';
import { parseRecordName, type RecordName } from './record-name.ts';

/**
 * Each process has a folder of its own in the queue's folder, its lane, so that two of them never send one record and no record
 * needs a claim of its own (a rename each, and stranded by a crash). Who finds the lane of a process that is gone takes over what
 * lies in it, record by record: of two who do so at once each gets some, and none is sent twice. A process that was only
 * stopped for long finds its records gone, which is no loss.
 *
 * Whose a lane is stands beside it, in `<instance>.owner`, which is there before the lane is and goes after it. Inside the lane it
 * would be away for an instant at the start, in which a process that starts at the same time takes the lane for abandoned.
 */

/** This process as others may ask for it. */
export interface OwnProcess {
  readonly observer: Observer;
  /** As `Observer.isAlive` takes it. */
  readonly startedAt: string | null;
}

interface Owner {
  readonly pid: number;
  readonly startedAt: string | null;
  readonly bootId: string | null;
  readonly pidNamespace: string | null;
}

const LANE = /^\d+-[0-9a-f]{8}$/;
const OWNER_FILE = /^(\d+-[0-9a-f]{8})\.owner$/;

export const BEAT_MS = 10_000;

/** Where the pid tells nothing (another container, another host), silence does. */
const SILENCE_MS = 60_000;

export const newInstance = (): string =>
  `${process.pid}-${Math.floor(Math.random() * 0x1_0000_0000)
    .toString(16)
    .padStart(8, '0')}`;

export class Lane {
  readonly path: string;
  readonly #root: string;
  readonly #instance: string;
  readonly #self: OwnProcess;
  readonly #silenceMs: number;

  constructor(root: string, instance: string, self: OwnProcess, silenceMs = SILENCE_MS) {
    this.path = join(root, instance);
    this.#root = root;
    this.#instance = instance;
    this.#self = self;
    this.#silenceMs = silenceMs;
  }

  /**
   * Makes the lane and gives back what it holds: the whole lane of a predecessor that is gone, taken in one step, since it may
   * hold a hundred thousand records.
   * @throws the file system's error
   */
  async open(): Promise<RecordName[]> {
    makeFolder(this.#root);
    const nowMs = await this.#beat();
    for (const lane of await this.#abandoned(nowMs)) {
      try {
        await rename(join(this.#root, lane), this.path);
        break;
      } catch {
        // Another process was faster, or this lane is there already. `adopt` moves what is left record by record.
      }
    }
    makeFolder(this.path);
    // The predecessor's; what this process writes may lie here already where the folder could not be used at first.
    await removeTemporary(this.path, (name) => !name.includes(this.#instance));
    return recordsIn(this.path);
  }

  /**
   * Says that this process lives, and takes over what processes left that are gone.
   * @throws the file system's error
   */
  async adopt(): Promise<RecordName[]> {
    const nowMs = await this.#beat();
    const found: RecordName[] = [];
    for (const lane of await this.#abandoned(nowMs)) {
      const from = join(this.#root, lane);
      for (const record of await recordsIn(from).catch(() => [])) {
        try {
          await rename(join(from, record.name), join(this.path, record.name));
          found.push(record);
        } catch {
          // Another process was faster.
        }
      }
      await removeTemporary(from, (_name, writtenMs) => nowMs - writtenMs > this.#silenceMs);
      // Fails where something else lies in it; the next round looks again.
      await rmdir(from).catch(() => undefined);
    }
    await this.#removeOwners(nowMs);
    return found;
  }

  /** What waits is free for the next process. */
  async release(): Promise<void> {
    await rmdir(this.path).catch(() => undefined);
    await unlink(this.#ownerOf(this.#instance)).catch(() => undefined);
  }

  /**
   * Says that this process lives.
   * @returns the time by the clock of the file system, so that no clocks of two hosts are compared
   */
  async #beat(): Promise<number> {
    const { observer, startedAt } = this.#self;
    const owner: Owner = { pid: process.pid, startedAt, bootId: observer.hostBootId, pidNamespace: observer.pidNamespace };
    const file = this.#ownerOf(this.#instance);
    // Never cut short in place: a process that is killed between cut and write would pass for one of another host.
    const temporary = `${file}.tmp`;
    const write = (): Promise<void> => writeFile(temporary, JSON.stringify(owner), { mode: 0o600 });
    try {
      await write();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      makeFolder(this.path);
      await write();
    }
    await rename(temporary, file);
    return (await stat(file)).mtimeMs;
  }

  readonly #ownerOf = (instance: string): string => join(this.#root, `${instance}.owner`);

  async #abandoned(nowMs: number): Promise<string[]> {
    const lanes = (await readdir(this.#root)).filter((name) => LANE.test(name) && name !== this.#instance);
    const left: string[] = [];
    for (const lane of lanes) if (await this.#isAbandoned(lane, nowMs)) left.push(lane);
    return left;
  }

  async #isAbandoned(instance: string, nowMs: number): Promise<boolean> {
    const file = this.#ownerOf(instance);
    const { observer } = this.#self;
    try {
      const beatMs = (await stat(file)).mtimeMs;
      const owner = parseOwner(await readFile(file, 'utf8'));
      const sharesPids =
        owner !== null &&
        owner.bootId !== null &&
        owner.bootId === observer.hostBootId &&
        owner.pidNamespace !== null &&
        owner.pidNamespace === observer.pidNamespace;
      return sharesPids ? !observer.isAlive(owner.pid, owner.startedAt) : nowMs - beatMs > this.#silenceMs;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT';
    }
  }

  /** Marks of processes that are gone and whose lanes are. */
  async #removeOwners(nowMs: number): Promise<void> {
    await removeTemporary(this.#root, (name, writtenMs) => name.endsWith('.owner.tmp') && nowMs - writtenMs > this.#silenceMs);
    const names = await readdir(this.#root);
    for (const name of names) {
      const instance = OWNER_FILE.exec(name)?.[1];
      if (instance === undefined || instance === this.#instance || names.includes(instance)) continue;
      if (await this.#isAbandoned(instance, nowMs)) await unlink(this.#ownerOf(instance)).catch(() => undefined);
    }
  }
}

async function recordsIn(folder: string): Promise<RecordName[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.map(parseRecordName).filter((record) => record !== null);
}

/** Files that were being written when their process died: nobody was told that we have them. */
async function removeTemporary(folder: string, isLeft: (name: string, writtenMs: number) => boolean): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith('.tmp')) continue;
    const file = join(folder, name);
    const found = await stat(file).catch(() => null);
    if (found !== null && isLeft(name, found.mtimeMs)) await unlink(file).catch(() => undefined);
  }
}

function parseOwner(text: string): Owner | null {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    return Number.isSafeInteger(owner?.pid) ? (owner as Owner) : null;
  } catch {
    return null;
  }
}
