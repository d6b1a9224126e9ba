// Original file: proto/evenkeel/v1/scheduler.proto

import type { VmLoadInput as _evenkeel_v1_VmLoadInput, VmLoad as _evenkeel_v1_VmLoad } from '../../evenkeel/v1/VmLoad.ts';
import type { HostLoadInput as _evenkeel_v1_HostLoadInput, HostLoad as _evenkeel_v1_HostLoad } from '../../evenkeel/v1/HostLoad.ts';
import type { RefusalInput as _evenkeel_v1_RefusalInput, Refusal as _evenkeel_v1_Refusal } from '../../evenkeel/v1/Refusal.ts';
import type { DecisionInput as _evenkeel_v1_DecisionInput, Decision as _evenkeel_v1_Decision } from '../../evenkeel/v1/Decision.ts';
import type { MigrationInput as _evenkeel_v1_MigrationInput, Migration as _evenkeel_v1_Migration } from '../../evenkeel/v1/Migration.ts';
import type { MoveReviewInput as _evenkeel_v1_MoveReviewInput, MoveReview as _evenkeel_v1_MoveReview } from '../../evenkeel/v1/MoveReview.ts';

export interface ExplainResponseInput {
  /**
   * Absent when asked about a host.
   */
  'vm'?: (_evenkeel_v1_VmLoadInput | null);
  'host'?: (_evenkeel_v1_HostLoadInput | null);
  /**
   * Plain sentences, most important first.
   */
  'sentences'?: (string)[];
  /**
   * For each other host: could it take the VM now, and if not why.
   */
  'refusals'?: (_evenkeel_v1_RefusalInput)[];
  'possibleTargets'?: (string)[];
  'decisions'?: (_evenkeel_v1_DecisionInput)[];
  'migrations'?: (_evenkeel_v1_MigrationInput)[];
  /**
   * What was predicted of its latest moves beside what was measured.
   */
  'reviews'?: (_evenkeel_v1_MoveReviewInput)[];
}

export interface ExplainResponse {
  /**
   * Absent when asked about a host.
   */
  'vm': (_evenkeel_v1_VmLoad | null);
  'host': (_evenkeel_v1_HostLoad | null);
  /**
   * Plain sentences, most important first.
   */
  'sentences': (string)[];
  /**
   * For each other host: could it take the VM now, and if not why.
   */
  'refusals': (_evenkeel_v1_Refusal)[];
  'possibleTargets': (string)[];
  'decisions': (_evenkeel_v1_Decision)[];
  'migrations': (_evenkeel_v1_Migration)[];
  /**
   * What was predicted of its latest moves beside what was measured.
   */
  'reviews': (_evenkeel_v1_MoveReview)[];
}
