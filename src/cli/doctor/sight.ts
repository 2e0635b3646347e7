import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Settings } from '../../model/settings.ts';
import { type FileSystemFact, fileSystemOf } from '../../store/file-system.ts';
import type { Finding } from './findings.ts';

/** What the checks look at; all of it may be another machine's in a test. */
export interface Sight {
  readonly settings: Settings;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly cwd: string;
  readonly nowMs: number;
  /** Where Claude Code's managed settings are. */
  readonly managedSettings: string;
  readonly disk: DiskSight;
  /** Where several agents share a volume; another one in tests. */
  readonly sharedVolume?: string;
}

/** What is asked of the disk; tests bring folders that behave like other file systems. */
export interface DiskSight {
  fileSystem(folder: string): FileSystemFact;
  mayWrite(path: string): boolean;
  /** What this user may still write on the disk of a folder, or of the nearest above it; null where the disk does not tell. */
  freeBytes(folder: string): number | null;
}

export const realDisk: DiskSight = {
  fileSystem: (folder) => fileSystemOf(folder),
  mayWrite: (path) => {
    try {
      accessSync(path, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  },
  freeBytes,
};

function freeBytes(folder: string): number | null {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { blocks, bfree, bavail, bsize, files, ffree } = statfsSync(at);
      // Disks without a size of their own (object stores by FUSE, /proc) say 0 of 0.
      if (blocks === 0) return null;
      if (files > 0 && ffree === 0) return 0;
      return (process.getuid?.() === 0 ? bfree : bavail) * bsize;
    } catch {
      if (dirname(at) === at) return null;
    }
  }
}

export interface Check {
  /** One word, before what it found. */
  readonly about: string;
  /** Reads only. Never throws for what is broken outside: that is a finding. */
  run(sight: Sight): readonly Finding[] | Promise<readonly Finding[]>;
}

export const managedSettingsPath = (platform: NodeJS.Platform): string =>
  platform === 'darwin'
    ? '/Library/Application Support/ClaudeCode/managed-settings.json'
    : platform === 'win32'
      ? 'C:\\Program Files\\ClaudeCode\\managed-settings.json'
      : '/etc/claude-code/managed-settings.json';
