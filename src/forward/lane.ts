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

const OWNER_FILE = '.owner';
const LANE = /^\d+-[0-9a-f]{8}$/;

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
    makeFolder(this.path);
    for (const lane of await this.#abandoned((await stat(this.path)).mtimeMs)) {
      try {
        // POSIX lets a folder take the place of an empty one. Where that fails, `adopt` moves record by record.
        await rename(join(this.#root, lane), this.path);
        break;
      } catch {
        // Another process was faster.
      }
    }
    await this.beat();
    await removeTemporary(this.path);
    return recordsIn(this.path);
  }

  /**
   * Says that this process lives. A file system stamps it, so that no clocks of two hosts are compared.
   * @throws the file system's error
   */
  async beat(): Promise<void> {
    const { observer, startedAt } = this.#self;
    const owner: Owner = { pid: process.pid, startedAt, bootId: observer.hostBootId, pidNamespace: observer.pidNamespace };
    const write = (): Promise<void> => writeFile(join(this.path, OWNER_FILE), JSON.stringify(owner), { mode: 0o600 });
    try {
      await write();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      makeFolder(this.path);
      await write();
    }
  }

  /**
   * Takes over what processes left that are gone.
   * @throws the file system's error
   */
  async adopt(): Promise<RecordName[]> {
    const found: RecordName[] = [];
    const { mtimeMs } = await stat(join(this.path, OWNER_FILE));
    for (const lane of await this.#abandoned(mtimeMs)) {
      const from = join(this.#root, lane);
      for (const record of await recordsIn(from)) {
        try {
          await rename(join(from, record.name), join(this.path, record.name));
          found.push(record);
        } catch {
          // Another process was faster.
        }
      }
      await removeLane(from);
    }
    return found;
  }

  /** What waits is free for the next process. */
  async release(): Promise<void> {
    await unlink(join(this.path, OWNER_FILE)).catch(() => undefined);
    await rmdir(this.path).catch(() => undefined);
  }

  async #abandoned(nowMs: number): Promise<string[]> {
    const lanes = (await readdir(this.#root)).filter((name) => LANE.test(name) && name !== this.#instance);
    const left: string[] = [];
    for (const lane of lanes) if (await this.#isAbandoned(join(this.#root, lane), nowMs)) left.push(lane);
    return left;
  }

  async #isAbandoned(lane: string, nowMs: number): Promise<boolean> {
    const file = join(lane, OWNER_FILE);
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
      // Released, or made this instant: then its owner makes it again.
      return (error as NodeJS.ErrnoException).code === 'ENOENT';
    }
  }
}

async function recordsIn(folder: string): Promise<RecordName[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map(parseRecordName).filter((record) => record !== null);
}

/** Bodies that were being written when their process died: nobody was told that we have them. */
async function removeTemporary(lane: string): Promise<void> {
  for (const name of await readdir(lane).catch(() => [])) {
    if (name.endsWith('.tmp')) await unlink(join(lane, name)).catch(() => undefined);
  }
}

async function removeLane(lane: string): Promise<void> {
  await removeTemporary(lane);
  await unlink(join(lane, OWNER_FILE)).catch(() => undefined);
  // Fails where something else lies in it, or a stopped owner goes on just now.
  await rmdir(lane).catch(() => undefined);
}

function parseOwner(text: string): Owner | null {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    return Number.isSafeInteger(owner?.pid) ? (owner as Owner) : null;
  } catch {
    return null;
  }
}
