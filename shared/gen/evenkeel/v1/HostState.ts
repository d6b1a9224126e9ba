// Original file: proto/evenkeel/v1/scheduler.proto

export const HostState = {
  HOST_STATE_UNSPECIFIED: 'HOST_STATE_UNSPECIFIED',
  /**
   * Reports arrive and are complete.
   */
  HOST_STATE_READY: 'HOST_STATE_READY',
  /**
   * Reports arrive, but libvirt does not answer: neither source nor target.
   */
  HOST_STATE_UNKNOWN: 'HOST_STATE_UNKNOWN',
  /**
   * No report for several intervals: neither source nor target.
   */
  HOST_STATE_STALE: 'HOST_STATE_STALE',
} as const;

export type HostStateInput =
  | 'HOST_STATE_UNSPECIFIED'
  | 0
  /**
   * Reports arrive and are complete.
   */
  | 'HOST_STATE_READY'
  | 1
  /**
   * Reports arrive, but libvirt does not answer: neither source nor target.
   */
  | 'HOST_STATE_UNKNOWN'
  | 2
  /**
   * No report for several intervals: neither source nor target.
   */
  | 'HOST_STATE_STALE'
  | 3

export type HostState = typeof HostState[keyof typeof HostState]
