// Whether QEMU's own lock protects a VM's disks: on the target each is opened as another QEMU would, which the lock that the
// running guest holds must refuse. Nothing is ever written.
import type { WaitOptions } from '../../../shared/clock.ts';
import type { DiskDefinition, VmDefinition } from '../../vm/definition.ts';
import { askProgram, type ProgramAnswer } from './ask-program.ts';

export interface LockProof {
  readonly isProven: boolean;
  /** Why not; empty when it is. */
  readonly reason: string;
}

/** How a look at an image without sharing ended. */
export type ImageLook = Pick<ProgramAnswer, 'exitCode' | 'errors'>;

export type LookAtImage = (path: string, wait: WaitOptions) => Promise<ImageLook>;

// Opening an image takes milliseconds; a storage that hangs must not hold up the check.
const LOOK_TIMEOUT_MS = 3_000;

/** Of every disk that the guest can write. A VM without one has no lock at all. */
export async function proveLocks(
  { disks }: VmDefinition,
  look: LookAtImage,
  { signal }: { readonly signal: AbortSignal },
): Promise<LockProof> {
  const writable = disks.filter((disk) => !disk.cdrom && !disk.readOnly);
  if (writable.length === 0)
    return { isProven: false, reason: 'the VM has no writable disk whose lock could tell its owner' };
  for (const disk of writable) {
    const reason = await whyNotProven(disk, look, signal);
    if (reason !== undefined) return { isProven: false, reason: `disk ${disk.device}: ${reason}` };
  }
  return { isProven: true, reason: '' };
}

async function whyNotProven(
  { kind, source, shareable }: DiskDefinition,
  look: LookAtImage,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (shareable) return 'it is shareable, so that nothing locks it';
  if (kind !== 'file' || !source.startsWith('/'))
    return `the lock of a disk of type ${kind} cannot be tried from here`;
  const { exitCode, errors } = await look(source, { timeoutMs: LOOK_TIMEOUT_MS, signal });
  return judgeLook(exitCode, errors, source);
}

/** Undefined when the look was refused by the lock, which is what proves it. */
export function judgeLook(exitCode: number | undefined, errors: string, path: string): string | undefined {
  if (exitCode === 0)
    return `${path} could be opened here while the guest runs on the source: its lock is not seen by this host (locking off, or a storage without locks)`;
  // qemu_img and block/file-posix.c: raw_handle_perm_lock.
  if (/Failed to get (shared )?"(write|consistent read|resize)" lock/.test(errors)) return undefined;
  if (exitCode === undefined && errors === '') return 'qemu-img did not answer in time';
  return `qemu-img cannot tell: ${firstLine(errors).replace(/^.*Could not open 'json:.*?': /, '')}`;
}

function firstLine(errors: string): string {
  return errors.trim().split('\n')[0] ?? '';
}

/**
 * qemu-img of the host, without --force-share, reading only. The image is opened as raw bytes, since what a guest wrote
 * into it is not to be interpreted, by a layer that will not share it with a writer: reading raw alone asks no lock
 * (blkdebug's unshare-child-perms, since QEMU 4.2).
 */
export const lookWithQemuImg: LookAtImage = (path, wait) => {
  const image = { driver: 'file', filename: path };
  const alone = { driver: 'blkdebug', 'unshare-child-perms': ['write'], image };
  const target = `json:${JSON.stringify({ driver: 'raw', file: alone })}`;
  return askProgram('qemu-img', ['info', '--', target], wait);
};
