// Original file: proto/evenkeel/v1/scheduler.proto

import type { MoveInput as _evenkeel_v1_MoveInput, Move as _evenkeel_v1_Move } from '../../evenkeel/v1/Move.ts';
import type { RefusalInput as _evenkeel_v1_RefusalInput, Refusal as _evenkeel_v1_Refusal } from '../../evenkeel/v1/Refusal.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * A host that is to be empty, and how far that is.
 */
export interface MaintenanceInput {
  'hostId'?: (string);
  'hostName'?: (string);
  'enteredAtMs'?: (number | string | Long);
  'reason'?: (string);
  /**
   * VMs it ran when it entered maintenance, runs now, and of these those on their way out.
   */
  'vmsAtEntry'?: (number);
  'vmsLeft'?: (number);
  'vmsMoving'?: (number);
  /**
   * The moves to come, in their order, as planned now.
   */
  'moves'?: (_evenkeel_v1_MoveInput)[];
  /**
   * The VMs that cannot leave, with what stands against it.
   */
  'impossible'?: (_evenkeel_v1_RefusalInput)[];
  /**
   * What is expected of the moves to come together.
   */
  'remainingMs'?: (number | string);
}

/**
 * A host that is to be empty, and how far that is.
 */
export interface Maintenance {
  'hostId': (string);
  'hostName': (string);
  'enteredAtMs': (number);
  'reason': (string);
  /**
   * VMs it ran when it entered maintenance, runs now, and of these those on their way out.
   */
  'vmsAtEntry': (number);
  'vmsLeft': (number);
  'vmsMoving': (number);
  /**
   * The moves to come, in their order, as planned now.
   */
  'moves': (_evenkeel_v1_Move)[];
  /**
   * The VMs that cannot leave, with what stands against it.
   */
  'impossible': (_evenkeel_v1_Refusal)[];
  /**
   * What is expected of the moves to come together.
   */
  'remainingMs': (number);
}
