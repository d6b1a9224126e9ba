// Original file: proto/evenkeel/v1/telemetry.proto

import type { RuleKindInput as _evenkeel_v1_RuleKindInput, RuleKind as _evenkeel_v1_RuleKind } from '../../evenkeel/v1/RuleKind.ts';
import type { RuleStrengthInput as _evenkeel_v1_RuleStrengthInput, RuleStrength as _evenkeel_v1_RuleStrength } from '../../evenkeel/v1/RuleStrength.ts';

/**
 * A rule about where this VM runs, as its own metadata has it.
 */
export interface PlacementRuleInput {
  'kind'?: (_evenkeel_v1_RuleKindInput);
  'strength'?: (_evenkeel_v1_RuleStrengthInput);
  /**
   * VMs that name the same group are in one rule: affinity, anti_affinity, group.
   */
  'group'?: (string);
  /**
   * Names or ids: vm_to_host, vm_not_to_host, pin.
   */
  'hosts'?: (string)[];
}

/**
 * A rule about where this VM runs, as its own metadata has it.
 */
export interface PlacementRule {
  'kind': (_evenkeel_v1_RuleKind);
  'strength': (_evenkeel_v1_RuleStrength);
  /**
   * VMs that name the same group are in one rule: affinity, anti_affinity, group.
   */
  'group': (string);
  /**
   * Names or ids: vm_to_host, vm_not_to_host, pin.
   */
  'hosts': (string)[];
}
