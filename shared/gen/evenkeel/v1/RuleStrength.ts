// Original file: proto/evenkeel/v1/telemetry.proto

export const RuleStrength = {
  RULE_STRENGTH_UNSPECIFIED: 'RULE_STRENGTH_UNSPECIFIED',
  /**
   * Repaired whatever it costs; no move may break it.
   */
  RULE_STRENGTH_MUST: 'RULE_STRENGTH_MUST',
  /**
   * Repaired when that costs no overload.
   */
  RULE_STRENGTH_SHOULD: 'RULE_STRENGTH_SHOULD',
} as const;

export type RuleStrengthInput =
  | 'RULE_STRENGTH_UNSPECIFIED'
  | 0
  /**
   * Repaired whatever it costs; no move may break it.
   */
  | 'RULE_STRENGTH_MUST'
  | 1
  /**
   * Repaired when that costs no overload.
   */
  | 'RULE_STRENGTH_SHOULD'
  | 2

export type RuleStrength = typeof RuleStrength[keyof typeof RuleStrength]
