// Original file: proto/evenkeel/v1/telemetry.proto

export const RuleKind = {
  RULE_KIND_UNSPECIFIED: 'RULE_KIND_UNSPECIFIED',
  /**
   * On one host.
   */
  RULE_KIND_AFFINITY: 'RULE_KIND_AFFINITY',
  /**
   * Each on a host of its own.
   */
  RULE_KIND_ANTI_AFFINITY: 'RULE_KIND_ANTI_AFFINITY',
  /**
   * On one of the named hosts.
   */
  RULE_KIND_VM_TO_HOST: 'RULE_KIND_VM_TO_HOST',
  /**
   * On none of the named hosts.
   */
  RULE_KIND_VM_NOT_TO_HOST: 'RULE_KIND_VM_NOT_TO_HOST',
  /**
   * On one of the named hosts (without any: where it is), and never balanced away.
   */
  RULE_KIND_PIN: 'RULE_KIND_PIN',
  /**
   * Nothing but a person moves it.
   */
  RULE_KIND_NEVER_MOVE: 'RULE_KIND_NEVER_MOVE',
  /**
   * VMs on one host leave it together; apart they stay apart.
   */
  RULE_KIND_GROUP: 'RULE_KIND_GROUP',
} as const;

export type RuleKindInput =
  | 'RULE_KIND_UNSPECIFIED'
  | 0
  /**
   * On one host.
   */
  | 'RULE_KIND_AFFINITY'
  | 1
  /**
   * Each on a host of its own.
   */
  | 'RULE_KIND_ANTI_AFFINITY'
  | 2
  /**
   * On one of the named hosts.
   */
  | 'RULE_KIND_VM_TO_HOST'
  | 3
  /**
   * On none of the named hosts.
   */
  | 'RULE_KIND_VM_NOT_TO_HOST'
  | 4
  /**
   * On one of the named hosts (without any: where it is), and never balanced away.
   */
  | 'RULE_KIND_PIN'
  | 5
  /**
   * Nothing but a person moves it.
   */
  | 'RULE_KIND_NEVER_MOVE'
  | 6
  /**
   * VMs on one host leave it together; apart they stay apart.
   */
  | 'RULE_KIND_GROUP'
  | 7

export type RuleKind = typeof RuleKind[keyof typeof RuleKind]
