// Original file: proto/evenkeel/v1/telemetry.proto

export const Mode = {
  MODE_UNSPECIFIED: 'MODE_UNSPECIFIED',
  /**
   * Watch and report hot hosts.
   */
  MODE_OBSERVE: 'MODE_OBSERVE',
  /**
   * Also say which VM should go where; a person carries it out.
   */
  MODE_RECOMMEND: 'MODE_RECOMMEND',
  /**
   * Also carry it out.
   */
  MODE_AUTO: 'MODE_AUTO',
} as const;

export type ModeInput =
  | 'MODE_UNSPECIFIED'
  | 0
  /**
   * Watch and report hot hosts.
   */
  | 'MODE_OBSERVE'
  | 1
  /**
   * Also say which VM should go where; a person carries it out.
   */
  | 'MODE_RECOMMEND'
  | 2
  /**
   * Also carry it out.
   */
  | 'MODE_AUTO'
  | 3

export type Mode = typeof Mode[keyof typeof Mode]
