// Defines the modes of a case: what protects the guest when libvirt's last reply is lost.

/**
 * lock: the guest has disks on the shared folder, and QEMU's image lock is seen to hold. paused: the guest can write to
 * no disk, so no lock can prove anything, and the copy arrives paused. lease: the same guest with a lease of virtlockd, in
 * the lab's profile for it.
 */
export type CaseMode = 'lock' | 'paused' | 'lease';

export const caseModes: readonly CaseMode[] = ['lock', 'paused', 'lease'];

/** The commit mode that evenkeel must use. */
export function expectedCommit(mode: CaseMode): 'LOCK' | 'PAUSED' {
  return mode === 'paused' ? 'PAUSED' : 'LOCK';
}
