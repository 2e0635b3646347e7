import { type DiskProbe, makingProbe } from '../../src/store/agent-file.ts';
import type { FileSystemKind } from '../../src/store/file-system.ts';

/** A real disk, but for folders that behave like another one: rules see a path and say what stands in the way. */
export function reluctantDisk(rules: {
  readonly kind?: (folder: string) => FileSystemKind | undefined;
  /** An error code such as EPERM where the path may not be made. */
  readonly refuses?: (path: string) => string | undefined;
  readonly sharedVolume?: string;
}): DiskProbe {
  const real = makingProbe(null);
  return {
    ...real,
    sharedVolume: rules.sharedVolume ?? '/nowhere/at/all',
    fileSystem: (folder) => rules.kind?.(folder) ?? real.fileSystem(folder),
    makeFile: (path) => {
      const code = rules.refuses?.(path);
      if (code !== undefined) throw Object.assign(new Error(`${code}: refused, open '${path}'`), { code });
      real.makeFile(path);
    },
  };
}
