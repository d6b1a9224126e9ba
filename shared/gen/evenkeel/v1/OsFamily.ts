// Original file: proto/evenkeel/v1/agent.proto

export const OsFamily = {
  OS_FAMILY_UNSPECIFIED: 'OS_FAMILY_UNSPECIFIED',
  OS_FAMILY_LINUX: 'OS_FAMILY_LINUX',
  OS_FAMILY_WINDOWS: 'OS_FAMILY_WINDOWS',
  OS_FAMILY_OTHER: 'OS_FAMILY_OTHER',
} as const;

export type OsFamilyInput =
  | 'OS_FAMILY_UNSPECIFIED'
  | 0
  | 'OS_FAMILY_LINUX'
  | 1
  | 'OS_FAMILY_WINDOWS'
  | 2
  | 'OS_FAMILY_OTHER'
  | 3

export type OsFamily = typeof OsFamily[keyof typeof OsFamily]
