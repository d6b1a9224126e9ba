// Decides if two VMs, maybe on two hosts, would use the same storage in a way that harms it. Pure.
import type { StorageUse } from '../../shared/gen/agent.ts';

/** Storage in the definition of a VM. */
export interface StorageInUse {
  /** Path, or "rbd:pool/image"; of a volume that was not found, empty. */
  readonly path: string;
  readonly pool: string;
  readonly volume: string;
  /** What is behind the path (storage-identity.ts); undefined when this host does not see it or nothing identifies it. */
  readonly identity: string | undefined;
  /** False for what is only read: backing files, CDs. */
  readonly writes: boolean;
  readonly shareable: boolean;
}

/** Many may read, and VMs that all declare it may write. */
export function excludes(use: StorageUse, other: StorageInUse, isHere: boolean): boolean {
  if (!use.writes && !other.writes) return false;
  if (use.shareable && other.shareable) return false;
  return isSame(use, other, isHere);
}

/** In doubt they are the same. `isHere`: both are on one host. */
function isSame(use: StorageUse, other: StorageInUse, isHere: boolean): boolean {
  const { path, pool, volume, identity } = other;
  if (use.identity !== '' && identity !== undefined) return isSameIdentity(use, { path, identity }, isHere);
  const isSameName =
    (path !== '' && (path === use.path || path === use.key)) ||
    (volume !== '' && pool === use.pool && volume === use.volume);
  // What another host does not see cannot be on a file system that this host alone mounts.
  return isSameName && (isHere || !use.local);
}

/**
 * "device ID" is unique. So is "file TYPE FSID INODE" on one host, and between hosts where the file system has an id of its own.
 * NFS and FUSE have none, and that of XFS is the number of its device, which repeats: there the name of the file has to be the
 * same, too. A folder that one host mounts from its disk, and another from that host, shows two types.
 */
function isSameIdentity(
  use: StorageUse,
  other: { readonly path: string; readonly identity: string },
  isHere: boolean,
): boolean {
  const [kind, type = '', fsid = '', inode] = use.identity.split(' ');
  if (isHere || kind !== 'file') return use.identity === other.identity;
  const [otherKind, otherType, , otherInode] = other.identity.split(' ');
  if (otherKind !== 'file' || inode !== otherInode) return false;
  const isSameName = fileName(use.path) === fileName(other.path);
  if (type !== otherType) return isSameName;
  const hasId = fsid !== '0' && type !== XFS;
  return use.identity === other.identity && (hasId || isSameName);
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

const XFS = '58465342';
// Magic numbers of file systems on disks or memory of one host, as stat(1) prints them (linux/magic.h): ext2 to ext4, XFS,
// Btrfs, F2FS, ZFS, tmpfs, ramfs, overlay.
const LOCAL: readonly string[] = [
  'ef53',
  XFS,
  '9123683e',
  'f2f52010',
  '2fc12fc1',
  '1021994',
  '858458f6',
  '794c7630',
];
// They refuse O_DIRECT: ramfs and ecryptfs always, tmpfs before Linux 6.6, and there the page cache is the storage itself.
const WITHOUT_DIRECT: readonly string[] = ['1021994', '858458f6', 'f15f'];

/** A file on a file system that only its own host mounts, unless that host exports it. */
export function isLocal(identity: string | undefined): boolean {
  return LOCAL.includes(fileSystemOf(identity));
}

/** QEMU's cache mode none needs files that can be opened past the page cache. */
export function bearsDirect(identity: string | undefined): boolean {
  return !WITHOUT_DIRECT.includes(fileSystemOf(identity));
}

function fileSystemOf(identity: string | undefined): string {
  const [kind, type = ''] = (identity ?? '').split(' ');
  return kind === 'file' ? type : '';
}
