import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { makeFolder } from '../../src/model/make-folder.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const MODULE = fileURLToPath(new URL('../../src/model/make-folder.ts', import.meta.url));
const TRY = `const { makeFolder } = await import(process.argv[2]);
try { makeFolder(process.argv[3]); console.log('made') } catch (error) { console.log(error.code) }`;

/** In a process of its own: what is guarded against is a call that never returns. */
function tryIn(folder: string, path: string): string {
  const script = join(scratchFolder(), 'try.mjs');
  writeFileSync(script, TRY);
  const line = 'cd "$1" && rmdir "$1" && exec "$2" --no-warnings "$3" "$4" "$5"';
  const { stdout } = spawnSync('sh', ['-c', line, 'sh', folder, process.execPath, script, MODULE, path], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return stdout.trim();
}

const codeOf = (path: string): string | undefined => {
  try {
    makeFolder(path);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
};

describe('a folder', () => {
  test('is made with all that is missing above it, for its owner only; one that exists keeps its mode', () => {
    const root = scratchFolder();
    mkdirSync(join(root, 'open'), { mode: 0o755 });
    makeFolder(join(root, 'open', 'a', 'b'));
    makeFolder(join(root, 'open', 'a', 'b'));
    makeFolder(join(root, 'open'));
    const modes = ['open', 'open/a', 'open/a/b'].map((path) => statSync(join(root, path)).mode & 0o777);
    expect(modes).toEqual([0o755, 0o700, 0o700]);
  });

  test('is not made where a file or a link to nowhere stands in the way', () => {
    const root = scratchFolder();
    writeFileSync(join(root, 'file'), '');
    symlinkSync(join(root, 'nowhere'), join(root, 'link'));
    expect([codeOf(join(root, 'file')), codeOf(join(root, 'file', 'a')), codeOf(join(root, 'link', 'a'))]).toEqual([
      'EEXIST',
      'ENOTDIR',
      'EEXIST',
    ]);
  });

  test('that the kernel refuses with ENOENT below a folder that exists is an error, not an endless loop', () => {
    expect(tryIn(scratchFolder(), '/proc/ai-tracker/rows')).toBe('ENOENT');
    expect(tryIn(scratchFolder(), 'rows')).toBe('ENOENT');
    expect(tryIn(scratchFolder(), join(scratchFolder(), 'rows'))).toBe('made');
  });
});
