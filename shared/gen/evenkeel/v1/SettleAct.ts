// Original file: proto/evenkeel/v1/agent.proto

export const SettleAct = {
  SETTLE_ACT_UNSPECIFIED: 'SETTLE_ACT_UNSPECIFIED',
  SETTLE_ACT_RESUME: 'SETTLE_ACT_RESUME',
  SETTLE_ACT_SUSPEND: 'SETTLE_ACT_SUSPEND',
  SETTLE_ACT_DESTROY: 'SETTLE_ACT_DESTROY',
  /**
   * Removes the definition; never volumes.
   */
  SETTLE_ACT_UNDEFINE: 'SETTLE_ACT_UNDEFINE',
} as const;

export type SettleActInput =
  | 'SETTLE_ACT_UNSPECIFIED'
  | 0
  | 'SETTLE_ACT_RESUME'
  | 1
  | 'SETTLE_ACT_SUSPEND'
  | 2
  | 'SETTLE_ACT_DESTROY'
  | 3
  /**
   * Removes the definition; never volumes.
   */
  | 'SETTLE_ACT_UNDEFINE'
  | 4

export type SettleAct = typeof SettleAct[keyof typeof SettleAct]
