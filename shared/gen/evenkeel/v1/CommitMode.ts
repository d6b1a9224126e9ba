// Original file: proto/evenkeel/v1/telemetry.proto

/**
 * What makes sure that only one copy runs when the last reply of libvirt is lost.
 */
export const CommitMode = {
  COMMIT_MODE_UNSPECIFIED: 'COMMIT_MODE_UNSPECIFIED',
  /**
   * A lock on every writable disk, seen to be refused on the target while the guest runs on the source.
   */
  COMMIT_MODE_LOCK: 'COMMIT_MODE_LOCK',
  /**
   * The copy arrives paused and is resumed only once the source is proven to have let go.
   */
  COMMIT_MODE_PAUSED: 'COMMIT_MODE_PAUSED',
} as const;

/**
 * What makes sure that only one copy runs when the last reply of libvirt is lost.
 */
export type CommitModeInput =
  | 'COMMIT_MODE_UNSPECIFIED'
  | 0
  /**
   * A lock on every writable disk, seen to be refused on the target while the guest runs on the source.
   */
  | 'COMMIT_MODE_LOCK'
  | 1
  /**
   * The copy arrives paused and is resumed only once the source is proven to have let go.
   */
  | 'COMMIT_MODE_PAUSED'
  | 2

/**
 * What makes sure that only one copy runs when the last reply of libvirt is lost.
 */
export type CommitMode = typeof CommitMode[keyof typeof CommitMode]
