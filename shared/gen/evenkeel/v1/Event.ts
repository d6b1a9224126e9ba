// Original file: proto/evenkeel/v1/telemetry.proto

import type { MigrationInput as _evenkeel_v1_MigrationInput, Migration as _evenkeel_v1_Migration } from '../../evenkeel/v1/Migration.ts';
import type { DecisionInput as _evenkeel_v1_DecisionInput, Decision as _evenkeel_v1_Decision } from '../../evenkeel/v1/Decision.ts';
import type { ShadowComparisonInput as _evenkeel_v1_ShadowComparisonInput, ShadowComparison as _evenkeel_v1_ShadowComparison } from '../../evenkeel/v1/ShadowComparison.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * Something that happened, published to evenkeel.v1.events.<host_id> (of the source host for a migration).
 */
export interface EventInput {
  'eventId'?: (string);
  'atMs'?: (number | string | Long);
  'migration'?: (_evenkeel_v1_MigrationInput | null);
  'decision'?: (_evenkeel_v1_DecisionInput | null);
  'shadow'?: (_evenkeel_v1_ShadowComparisonInput | null);
  'kind'?: "migration"|"decision"|"shadow";
}

/**
 * Something that happened, published to evenkeel.v1.events.<host_id> (of the source host for a migration).
 */
export interface Event {
  'eventId': (string);
  'atMs': (number);
  'migration'?: (_evenkeel_v1_Migration | null);
  'decision'?: (_evenkeel_v1_Decision | null);
  'shadow'?: (_evenkeel_v1_ShadowComparison | null);
  'kind'?: "migration"|"decision"|"shadow";
}
