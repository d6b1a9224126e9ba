// Proves that QEMU's own lock protects a VM's disks: on the target each is opened as another QEMU would, which the running
// guest's lock must refuse. Nothing is ever written.
import type { WaitOptions } from '../../../shared/clock.ts';
import type { DiskDefinition, VmDefinition } from '../../vm/definition.ts';
import { askProgram, type ProgramAnswer } from './ask-program.ts';

export interface LockProof {
  readonly isProven: boolean;
  /** Why it is not proven; empty when it is. */
  readonly reason: string;
}

/** The result of opening an image without sharing. */
export type ImageLook = Pick<ProgramAnswer, 'exitCode' | 'errors'>;

export type LookAtImage = (path: string, wait: WaitOptions) => Promise<ImageLook>;

// Opening an image takes milliseconds; storage that hangs must not delay the check.
const LOOK_TIMEOUT_MS = 3_000;

/** Tests every disk that the guest can write. A VM without one has no lock at all. */
export async function proveLocks(
  { disks }: VmDefinition,
  look: LookAtImage,
  { signal }: { readonly signal: AbortSignal },
): Promise<LockProof> {
  const writable = disks.filter((disk) => !disk.cdrom && !disk.readOnly);
  if (writable.length === 0)
    return { isProven: false, reason: 'the VM has no writable disk whose lock could show its owner' };
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
  if (shareable) return 'it is shareable, so nothing locks it';
  if (kind !== 'file' || !source.startsWith('/'))
    return `the lock of a disk of type ${kind} cannot be tested from here`;
  const { exitCode, errors } = await look(source, { timeoutMs: LOOK_TIMEOUT_MS, signal });
  return judgeLook(exitCode, errors, source);
}

/** Undefined when the lock refused the look, which proves it. */
export function judgeLook(exitCode: number | undefined, errors: string, path: string): string | undefined {
  if (exitCode === 0)
    return `${path} could be opened here while the guest runs on the source: this host does not see its lock (locking off, or storage without locks)`;
  // qemu_img and block/file-posix.c: raw_handle_perm_lock.
  if (/Failed to get (shared )?"(write|consistent read|resize)" lock/.test(errors)) return undefined;
  if (exitCode === undefined && errors === '') return 'qemu-img did not answer in time';
  return `qemu-img failed: ${firstLine(errors).replace(/^.*Could not open 'json:.*?': /, '')}`;
}

function firstLine(errors: string): string {
  return errors.trim().split('\n')[0] ?? '';
}

/**
 * Runs the host's qemu-img without --force-share, reading only. The image is opened as raw bytes, since what a guest wrote
 * into it must not be interpreted, by a layer that will not share it with a writer: reading raw alone takes no lock
 * (blkdebug's unshare-child-perms, since QEMU 4.2).
 */
export const lookWithQemuImg: LookAtImage = (path, wait) => {
  const image = { driver: 'file', filename: path };
  const alone = { driver: 'blkdebug', 'unshare-child-perms': ['write'], image };
  const target = `json:${JSON.stringify({ driver: 'raw', file: alone })}`;
  return askProgram('qemu-img', ['info', '--', target], wait);
};
