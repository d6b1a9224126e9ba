// Original file: proto/evenkeel/v1/agent.proto

import type { CommitModeInput as _evenkeel_v1_CommitModeInput, CommitMode as _evenkeel_v1_CommitMode } from '../../evenkeel/v1/CommitMode.ts';
import type { Long } from '@grpc/proto-loader';

export interface GuardMigrationRequestInput {
  'migrationId'?: (string);
  'epoch'?: (number | string | Long);
  'vmUuid'?: (string);
  'vmName'?: (string);
  'commitMode'?: (_evenkeel_v1_CommitModeInput);
  'memoryBytes'?: (number | string | Long);
  /**
   * Whom the target asks before it resumes a paused copy by itself, when no scheduler is there.
   */
  'sourceHostId'?: (string);
  'sourceAgentAddress'?: (string);
  'sourceCertificateSha256'?: (string);
}

export interface GuardMigrationRequest {
  'migrationId': (string);
  'epoch': (number);
  'vmUuid': (string);
  'vmName': (string);
  'commitMode': (_evenkeel_v1_CommitMode);
  'memoryBytes': (number);
  /**
   * Whom the target asks before it resumes a paused copy by itself, when no scheduler is there.
   */
  'sourceHostId': (string);
  'sourceAgentAddress': (string);
  'sourceCertificateSha256': (string);
}
