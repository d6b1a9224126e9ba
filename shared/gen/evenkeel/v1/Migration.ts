// Original file: proto/evenkeel/v1/telemetry.proto

import type { MigrationStateInput as _evenkeel_v1_MigrationStateInput, MigrationState as _evenkeel_v1_MigrationState } from '../../evenkeel/v1/MigrationState.ts';
import type { MigrationProgressInput as _evenkeel_v1_MigrationProgressInput, MigrationProgress as _evenkeel_v1_MigrationProgress } from '../../evenkeel/v1/MigrationProgress.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * The execution of a move.
 */
export interface MigrationInput {
  'migrationId'?: (string);
  /**
   * Grows with each migration of the VM; an agent refuses a lower one than it has seen.
   */
  'epoch'?: (number | string | Long);
  'vmUuid'?: (string);
  'vmName'?: (string);
  'sourceHostId'?: (string);
  'sourceHostName'?: (string);
  'targetHostId'?: (string);
  'targetHostName'?: (string);
  /**
   * The decision that ordered it; empty when a person did.
   */
  'decisionId'?: (string);
  'state'?: (_evenkeel_v1_MigrationStateInput);
  'queuedAtMs'?: (number | string | Long);
  'startedAtMs'?: (number | string | Long);
  'endedAtMs'?: (number | string | Long);
  /**
   * Set in a terminal state: what both hosts showed, in words.
   */
  'outcome'?: (string);
  /**
   * Set when not succeeded, for example "dst_unreachable".
   */
  'causeCode'?: (string);
  'progress'?: (_evenkeel_v1_MigrationProgressInput | null);
}

/**
 * The execution of a move.
 */
export interface Migration {
  'migrationId': (string);
  /**
   * Grows with each migration of the VM; an agent refuses a lower one than it has seen.
   */
  'epoch': (number);
  'vmUuid': (string);
  'vmName': (string);
  'sourceHostId': (string);
  'sourceHostName': (string);
  'targetHostId': (string);
  'targetHostName': (string);
  /**
   * The decision that ordered it; empty when a person did.
   */
  'decisionId': (string);
  'state': (_evenkeel_v1_MigrationState);
  'queuedAtMs': (number);
  'startedAtMs': (number);
  'endedAtMs': (number);
  /**
   * Set in a terminal state: what both hosts showed, in words.
   */
  'outcome': (string);
  /**
   * Set when not succeeded, for example "dst_unreachable".
   */
  'causeCode': (string);
  'progress': (_evenkeel_v1_MigrationProgress | null);
}
