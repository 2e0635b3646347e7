import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { type FileOwner, writeWhole } from '../install/write-whole.ts';

/** A file as it lies on the disk. A link counts as itself: what it names may be somebody else's, or in the repository. */
export interface HookFile {
  readonly bytes: Buffer;
  readonly mode: number;
  readonly owner: FileOwner;
  readonly isLink: boolean;
}

/** Null where there is none. A link that leads nowhere is empty. @throws the file system's error */
export function readHookFile(path: string): HookFile | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  const isLink = found.isSymbolicLink();
  const bytes = isLink && statSync(path, { throwIfNoEntry: false }) === undefined ? Buffer.alloc(0) : readFileSync(path);
  return { bytes, mode: found.mode & 0o7777, owner: { uid: found.uid, gid: found.gid }, isLink };
}

/** What is done to one file. */
export type FileStep =
  | {
      readonly do: 'write';
      readonly path: string;
      readonly before: HookFile | null;
      readonly bytes: Buffer;
      readonly mode: number;
    }
  | { readonly do: 'move'; readonly from: string; readonly to: string }
  | { readonly do: 'remove'; readonly path: string; readonly before: HookFile };

/** @returns folders that had to be made, the outermost first. @throws the file system's error */
export function takeStep(step: FileStep): string[] {
  switch (step.do) {
    case 'move':
      renameSync(step.from, step.to);
      return [];
    case 'remove':
      unlinkSync(step.path);
      return [];
    case 'write': {
      const made = makeFolders(dirname(step.path));
      writeWhole(step.path, step.bytes, step.mode, step.before?.owner ?? null);
      if (step.before !== null) chmodSync(step.path, step.mode);
      return made;
    }
  }
}

function makeFolders(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return [];
  const above = makeFolders(dirname(folder));
  mkdirSync(folder);
  return [...above, folder];
}

/** Those that are still empty. */
export function removeEmptyFolders(folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    try {
      rmdirSync(folder);
    } catch {
      return;
    }
  }
}
