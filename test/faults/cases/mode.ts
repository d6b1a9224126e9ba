// What protects the guest of a case when libvirt's last reply is lost.

/**
 * lock: the guest has disks on the shared folder, and QEMU's image lock is seen to hold. paused: the guest can write to
 * no disk, so no lock can prove anything, and the copy arrives paused. lease: the same guest with a lease of virtlockd, in
 * the lab's profile for it.
 */
export type CaseMode = 'lock' | 'paused' | 'lease';

export const caseModes: readonly CaseMode[] = ['lock', 'paused', 'lease'];

/** How evenkeel has to commit. */
export function expectedCommit(mode: CaseMode): 'LOCK' | 'PAUSED' {
  return mode === 'paused' ? 'PAUSED' : 'LOCK';
}
