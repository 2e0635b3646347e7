import { readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Where a folder lies. WAL shares memory between processes, so it needs one kernel: local only. `unknown` is treated
 * like a network, since the rollback journal is right on both and WAL is not.
 */
export type FileSystemKind = 'local' | 'network' | 'fuse' | 'unknown';

export interface FileSystemFact {
  readonly kind: FileSystemKind;
  /** `ext4`, `nfs4`, `fuse.archil`, or statfs's number in hexadecimal. */
  readonly type: string;
}

/** Linux statfs magic numbers (linux/magic.h). Only those whose kind is certain. */
const LOCAL = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x2fc12fc1, // zfs
  0xf2f52010, // f2fs
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x794c7630, // overlayfs: upper layer is local in every container runtime
  0xca451a4e, // bcachefs
  0x52654973, // reiserfs
  0x3153464a, // jfs
  0x4d44, // vfat
  0x2011bab0, // exfat
  0x7366746e, // ntfs3
  0x5346544e, // ntfs
]);
const NETWORK = new Set([
  0x6969, // nfs, nfs4, efs
  0xff534d42, // cifs
  0xfe534d42, // smb2
  0x517b, // smb
  0x01021997, // 9p: gVisor, WSL, Docker Desktop
  0x00c36400, // ceph
  0x5346414f, // afs
  0x6b414653, // kafs
  0x0bd00bd0, // lustre
  0x47504653, // gpfs
  0x73757245, // coda
  0x564c, // ncp
  0x01161970, // gfs2
  0x7461636f, // ocfs2
  0x786f4256, // vboxsf
  0xbacbacbc, // vmhgfs
]);
const FUSE = new Set([0x65735546]);

export interface Mount {
  readonly point: string;
  readonly type: string;
}

/** The lines of /proc/self/mountinfo (proc(5)); mount points are octal-escaped there. */
export function parseMountInfo(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    const point = fields[4];
    const type = fields[dash + 1];
    if (dash < 0 || point === undefined || type === undefined) continue;
    mounts.push({
      point: point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
      type,
    });
  }
  return mounts;
}

/** The type of the mount that holds `path`: the longest point above it, the later of two equal ones (it lies on top). */
export function mountTypeOf(path: string, mounts: readonly Mount[]): string | null {
  let best: Mount | null = null;
  for (const mount of mounts) {
    const prefix = mount.point === '/' ? '/' : `${mount.point}/`;
    if ((path === mount.point || path.startsWith(prefix)) && (best === null || mount.point.length >= best.point.length))
      best = mount;
  }
  return best?.type ?? null;
}

const REMOTE_TYPE = /^(nfs\d?|cifs|smb\w*|9p|ceph|afs|lustre|gpfs|virtiofs|vboxsf|prl_fs|vmhgfs)$/;

/** Pure half of `fileSystemOf`: what the kernel's number and the mount table say together. */
export function judgeFileSystem(magic: number, mountType: string | null): FileSystemFact {
  const type = mountType ?? `0x${magic.toString(16)}`;
  // The mount table knows more where both speak: virtiofs answers statfs with FUSE's number, and FUSE says which one it is.
  if (mountType !== null && REMOTE_TYPE.test(mountType)) return { kind: 'network', type };
  if (NETWORK.has(magic)) return { kind: 'network', type };
  if (FUSE.has(magic) || (mountType !== null && mountType.startsWith('fuse'))) return { kind: 'fuse', type };
  if (LOCAL.has(magic)) return { kind: 'local', type };
  return { kind: 'unknown', type };
}

function readMounts(): Mount[] {
  try {
    return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return [];
  }
}

/**
 * What `folder`, or the nearest folder above it that exists, lies on. Linux tells by number; elsewhere (macOS, Windows)
 * statfs's numbers mean other things, and a folder counts as local unless the platform is unknown.
 */
export function fileSystemOf(folder: string, platform: NodeJS.Platform = process.platform): FileSystemFact {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { dev } = statSync(at);
      const now = performance.now();
      const known = platform === process.platform ? facts.get(dev) : undefined;
      if (known !== undefined && now < known.until) return known.fact;
      const fact = ask(at, platform);
      if (platform === process.platform) facts.set(dev, { fact, until: now + FACT_HOLDS_MS });
      return fact;
    } catch {
      if (dirname(at) === at) return { kind: 'unknown', type: 'none' };
    }
  }
}

/** Until then a device is taken for the one that it was: the kernel gives a number again once it is unmounted. */
const FACT_HOLDS_MS = 10_000;
/** By device. The mount table of a container has a hundred lines to read, and files are opened by the hundred. */
const facts = new Map<number, { readonly fact: FileSystemFact; readonly until: number }>();

function ask(folder: string, platform: NodeJS.Platform): FileSystemFact {
  const magic = statfsSync(folder).type >>> 0;
  if (platform === 'linux') return judgeFileSystem(magic, mountTypeOf(folder, readMounts()));
  return platform === 'darwin' || platform === 'win32' ? { kind: 'local', type: platform } : { kind: 'unknown', type: platform };
}
