// Original file: proto/evenkeel/v1/telemetry.proto

export const MemoryUsedSource = {
  MEMORY_USED_SOURCE_UNSPECIFIED: 'MEMORY_USED_SOURCE_UNSPECIFIED',
  /**
   * available - usable of the balloon driver.
   */
  MEMORY_USED_SOURCE_BALLOON_USABLE: 'MEMORY_USED_SOURCE_BALLOON_USABLE',
  /**
   * available - unused of the balloon driver; counts the guest's page cache as used.
   */
  MEMORY_USED_SOURCE_BALLOON_UNUSED: 'MEMORY_USED_SOURCE_BALLOON_UNUSED',
  /**
   * Resident memory of the QEMU process; the guest did not tell.
   */
  MEMORY_USED_SOURCE_RSS: 'MEMORY_USED_SOURCE_RSS',
} as const;

export type MemoryUsedSourceInput =
  | 'MEMORY_USED_SOURCE_UNSPECIFIED'
  | 0
  /**
   * available - usable of the balloon driver.
   */
  | 'MEMORY_USED_SOURCE_BALLOON_USABLE'
  | 1
  /**
   * available - unused of the balloon driver; counts the guest's page cache as used.
   */
  | 'MEMORY_USED_SOURCE_BALLOON_UNUSED'
  | 2
  /**
   * Resident memory of the QEMU process; the guest did not tell.
   */
  | 'MEMORY_USED_SOURCE_RSS'
  | 3

export type MemoryUsedSource = typeof MemoryUsedSource[keyof typeof MemoryUsedSource]
