import { type FileStep, readHookFile } from './hook-files.ts';
import { BEFORE, ownershipOf } from './hook-text.ts';
import { isOnlyOurs, withoutBlock } from './our-block.ts';

/** Where others may have moved a hook of ours to: pre-commit and prek, and lefthook. */
const MOVED = ['', '.legacy', '.old'];

/**
 * What takes our hooks out of a repository, to the byte. Reads files, writes none: each file tells by itself what of it is ours.
 *
 * @param files that `install` remembers, and those of the hooks folder as it is now
 * @param isShared whether a file is needed by other repositories
 */
export function planGitUninstall(files: readonly string[], isShared: (path: string) => boolean): FileStep[] {
  const steps: FileStep[] = [];
  const seen = new Set<string>();
  for (const path of files.flatMap((file) => MOVED.map((ending) => file + ending))) {
    if (seen.has(path) || isShared(path)) continue;
    seen.add(path);
    const file = readHookFile(path);
    if (file === null || file.isLink) continue;
    const isMark = file.bytes.length === 0 && /[/\\]ai-tracker[/\\]husky[/\\][a-z-]+$/.test(path);
    const ownership = isMark ? 'own' : ownershipOf(file.bytes);
    if (ownership === 'theirs') continue;
    if (ownership === 'own') steps.push({ do: 'remove', path, before: file });
    else if (ownership === 'block') {
      if (isOnlyOurs(file.bytes)) steps.push({ do: 'remove', path, before: file });
      else steps.push({ do: 'write', path, before: file, bytes: withoutBlock(file.bytes), mode: file.mode });
    } else {
      const theirs = nameOfTheirs(file.bytes, path);
      if (readHookFile(theirs) === null) steps.push({ do: 'remove', path, before: file });
      else steps.push({ do: 'move', from: theirs, to: path });
    }
  }
  return steps;
}

/** It says so itself, since it may have been moved since. */
function nameOfTheirs(bytes: Buffer, path: string): string {
  const name = /^# What was here before is (.+)\.$/m.exec(bytes.toString('utf8'))?.[1];
  return name === undefined ? path + BEFORE : path.replace(/[^/\\]*$/, () => name);
}
