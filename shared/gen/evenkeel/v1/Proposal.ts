// Original file: proto/evenkeel/v1/scheduler.proto

import type { MoveInput as _evenkeel_v1_MoveInput, Move as _evenkeel_v1_Move } from '../../evenkeel/v1/Move.ts';
import type { ProposalStateInput as _evenkeel_v1_ProposalStateInput, ProposalState as _evenkeel_v1_ProposalState } from '../../evenkeel/v1/ProposalState.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * A move that waits for a person.
 */
export interface ProposalInput {
  'proposalId'?: (string);
  'decisionId'?: (string);
  'trigger'?: (string);
  'move'?: (_evenkeel_v1_MoveInput | null);
  'state'?: (_evenkeel_v1_ProposalStateInput);
  'proposedAtMs'?: (number | string | Long);
  'expiresAtMs'?: (number | string | Long);
  'endedAtMs'?: (number | string | Long);
  /**
   * Why it ended as it did.
   */
  'note'?: (string);
  /**
   * The migration that carries it out, once started.
   */
  'migrationId'?: (string);
}

/**
 * A move that waits for a person.
 */
export interface Proposal {
  'proposalId': (string);
  'decisionId': (string);
  'trigger': (string);
  'move': (_evenkeel_v1_Move | null);
  'state': (_evenkeel_v1_ProposalState);
  'proposedAtMs': (number);
  'expiresAtMs': (number);
  'endedAtMs': (number);
  /**
   * Why it ended as it did.
   */
  'note': (string);
  /**
   * The migration that carries it out, once started.
   */
  'migrationId': (string);
}
