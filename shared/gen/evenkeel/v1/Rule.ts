// Original file: proto/evenkeel/v1/scheduler.proto

import type { RuleKindInput as _evenkeel_v1_RuleKindInput, RuleKind as _evenkeel_v1_RuleKind } from '../../evenkeel/v1/RuleKind.ts';
import type { RuleStrengthInput as _evenkeel_v1_RuleStrengthInput, RuleStrength as _evenkeel_v1_RuleStrength } from '../../evenkeel/v1/RuleStrength.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * A rule about where VMs run.
 */
export interface RuleInput {
  'ruleId'?: (string);
  'kind'?: (_evenkeel_v1_RuleKindInput);
  'strength'?: (_evenkeel_v1_RuleStrengthInput);
  /**
   * Names or uuids.
   */
  'vms'?: (string)[];
  /**
   * Names or ids.
   */
  'hosts'?: (string)[];
  /**
   * Where it is written: "evenkeel rule", "scheduler.yaml", or "metadata of web1, web2".
   */
  'writtenIn'?: (string);
  'writtenAtMs'?: (number | string | Long);
  'comment'?: (string);
  /**
   * VMs and hosts in it that nobody has seen; without them it holds as far as it can.
   */
  'unknown'?: (string)[];
}

/**
 * A rule about where VMs run.
 */
export interface Rule {
  'ruleId': (string);
  'kind': (_evenkeel_v1_RuleKind);
  'strength': (_evenkeel_v1_RuleStrength);
  /**
   * Names or uuids.
   */
  'vms': (string)[];
  /**
   * Names or ids.
   */
  'hosts': (string)[];
  /**
   * Where it is written: "evenkeel rule", "scheduler.yaml", or "metadata of web1, web2".
   */
  'writtenIn': (string);
  'writtenAtMs': (number);
  'comment': (string);
  /**
   * VMs and hosts in it that nobody has seen; without them it holds as far as it can.
   */
  'unknown': (string)[];
}
