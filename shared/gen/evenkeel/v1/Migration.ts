// Original file: proto/evenkeel/v1/telemetry.proto

import type { MigrationStateInput as _evenkeel_v1_MigrationStateInput, MigrationState as _evenkeel_v1_MigrationState } from '../../evenkeel/v1/MigrationState.ts';
import type { MigrationProgressInput as _evenkeel_v1_MigrationProgressInput, MigrationProgress as _evenkeel_v1_MigrationProgress } from '../../evenkeel/v1/MigrationProgress.ts';
import type { CommitModeInput as _evenkeel_v1_CommitModeInput, CommitMode as _evenkeel_v1_CommitMode } from '../../evenkeel/v1/CommitMode.ts';
import type { MigrationForecastInput as _evenkeel_v1_MigrationForecastInput, MigrationForecast as _evenkeel_v1_MigrationForecast } from '../../evenkeel/v1/MigrationForecast.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * The execution of a move.
 */
export interface MigrationInput {
  'migrationId'?: (string);
  /**
   * Grows with each migration of the VM and each change of the scheduler that leads it; an agent refuses a lower one
   * than it has seen.
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
  'commitMode'?: (_evenkeel_v1_CommitModeInput);
  'forecast'?: (_evenkeel_v1_MigrationForecastInput | null);
  /**
   * Held on the target, from admission to the end.
   */
  'reservedMemoryBytes'?: (number | string | Long);
  'bandwidthBytesPerSecond'?: (number | string | Long);
  /**
   * The host must be emptied: the guest may be slowed down so that the copy ends (auto-converge).
   */
  'evacuation'?: (boolean);
  /**
   * The target had a definition of the VM before, which therefore is not this migration's to sweep.
   */
  'definedOnTargetBefore'?: (boolean);
  /**
   * When the present state was entered.
   */
  'stateSinceMs'?: (number | string | Long);
}

/**
 * The execution of a move.
 */
export interface Migration {
  'migrationId': (string);
  /**
   * Grows with each migration of the VM and each change of the scheduler that leads it; an agent refuses a lower one
   * than it has seen.
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
  'commitMode': (_evenkeel_v1_CommitMode);
  'forecast': (_evenkeel_v1_MigrationForecast | null);
  /**
   * Held on the target, from admission to the end.
   */
  'reservedMemoryBytes': (number);
  'bandwidthBytesPerSecond': (number);
  /**
   * The host must be emptied: the guest may be slowed down so that the copy ends (auto-converge).
   */
  'evacuation': (boolean);
  /**
   * The target had a definition of the VM before, which therefore is not this migration's to sweep.
   */
  'definedOnTargetBefore': (boolean);
  /**
   * When the present state was entered.
   */
  'stateSinceMs': (number);
}
