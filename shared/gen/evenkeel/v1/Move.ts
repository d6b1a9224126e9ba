// Original file: proto/evenkeel/v1/telemetry.proto

import type { ProjectionInput as _evenkeel_v1_ProjectionInput, Projection as _evenkeel_v1_Projection } from '../../evenkeel/v1/Projection.ts';
import type { MoveCostInput as _evenkeel_v1_MoveCostInput, MoveCost as _evenkeel_v1_MoveCost } from '../../evenkeel/v1/MoveCost.ts';

export interface MoveInput {
  'vmUuid'?: (string);
  'vmName'?: (string);
  'sourceHostId'?: (string);
  'sourceHostName'?: (string);
  'targetHostId'?: (string);
  'targetHostName'?: (string);
  /**
   * Predicted load ratios, by resource, before and after on both hosts.
   */
  'projections'?: (_evenkeel_v1_ProjectionInput)[];
  'reason'?: (string);
  'cost'?: (_evenkeel_v1_MoveCostInput | null);
}

export interface Move {
  'vmUuid': (string);
  'vmName': (string);
  'sourceHostId': (string);
  'sourceHostName': (string);
  'targetHostId': (string);
  'targetHostName': (string);
  /**
   * Predicted load ratios, by resource, before and after on both hosts.
   */
  'projections': (_evenkeel_v1_Projection)[];
  'reason': (string);
  'cost': (_evenkeel_v1_MoveCost | null);
}
