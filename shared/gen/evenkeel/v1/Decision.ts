// Original file: proto/evenkeel/v1/telemetry.proto

import type { ModeInput as _evenkeel_v1_ModeInput, Mode as _evenkeel_v1_Mode } from '../../evenkeel/v1/Mode.ts';
import type { MoveInput as _evenkeel_v1_MoveInput, Move as _evenkeel_v1_Move } from '../../evenkeel/v1/Move.ts';
import type { RefusalInput as _evenkeel_v1_RefusalInput, Refusal as _evenkeel_v1_Refusal } from '../../evenkeel/v1/Refusal.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * What the planner decided about one host or VM, and why.
 */
export interface DecisionInput {
  'decisionId'?: (string);
  'atMs'?: (number | string | Long);
  'hostId'?: (string);
  'hostName'?: (string);
  'mode'?: (_evenkeel_v1_ModeInput);
  /**
   * Why the host counts as hot, with the samples that show it.
   */
  'evidence'?: (string)[];
  /**
   * Set when a VM should move.
   */
  'move'?: (_evenkeel_v1_MoveInput | null);
  /**
   * Why no VM moves, when move is absent.
   */
  'noMoveReason'?: (string);
  /**
   * Every VM and host that was looked at and refused.
   */
  'refusals'?: (_evenkeel_v1_RefusalInput)[];
  'overloadedSinceMs'?: (number | string | Long);
  /**
   * One word for no_move_reason, stable for scripts: "no_gain", "no_room", "frozen", "observing", "moving", ...
   */
  'noMoveCode'?: (string);
  /**
   * What made the planner look: "hot_host", "maintenance", "rule", "make_room", "consolidation", ...
   */
  'trigger'?: (string);
  /**
   * The record that this decision can be replayed from; empty when none was kept.
   */
  'recordId'?: (string);
  '_move'?: "move";
}

/**
 * What the planner decided about one host or VM, and why.
 */
export interface Decision {
  'decisionId': (string);
  'atMs': (number);
  'hostId': (string);
  'hostName': (string);
  'mode': (_evenkeel_v1_Mode);
  /**
   * Why the host counts as hot, with the samples that show it.
   */
  'evidence': (string)[];
  /**
   * Set when a VM should move.
   */
  'move'?: (_evenkeel_v1_Move | null);
  /**
   * Why no VM moves, when move is absent.
   */
  'noMoveReason': (string);
  /**
   * Every VM and host that was looked at and refused.
   */
  'refusals': (_evenkeel_v1_Refusal)[];
  'overloadedSinceMs': (number);
  /**
   * One word for no_move_reason, stable for scripts: "no_gain", "no_room", "frozen", "observing", "moving", ...
   */
  'noMoveCode': (string);
  /**
   * What made the planner look: "hot_host", "maintenance", "rule", "make_room", "consolidation", ...
   */
  'trigger': (string);
  /**
   * The record that this decision can be replayed from; empty when none was kept.
   */
  'recordId': (string);
  '_move'?: "move";
}
