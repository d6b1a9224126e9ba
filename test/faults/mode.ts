// What protects the guest of a case when libvirt's last reply is lost.

/**
 * lock: the guest has disks on the shared folder, and QEMU's image lock is seen to hold. paused: the guest can write to
 * no disk, so no lock can prove anything, and the copy arrives paused.
 */
export type CaseMode = 'lock' | 'paused';
