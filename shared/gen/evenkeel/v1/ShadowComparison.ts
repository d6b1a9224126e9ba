// Original file: proto/evenkeel/v1/telemetry.proto

import type { ShadowDifferenceInput as _evenkeel_v1_ShadowDifferenceInput, ShadowDifference as _evenkeel_v1_ShadowDifference } from '../../evenkeel/v1/ShadowDifference.ts';

/**
 * What a second policy, which moves nothing, would do otherwise than the one in force.
 */
export interface ShadowComparisonInput {
  /**
   * Moves that both would make.
   */
  'sameMoves'?: (number);
  'differences'?: (_evenkeel_v1_ShadowDifferenceInput)[];
}

/**
 * What a second policy, which moves nothing, would do otherwise than the one in force.
 */
export interface ShadowComparison {
  /**
   * Moves that both would make.
   */
  'sameMoves': (number);
  'differences': (_evenkeel_v1_ShadowDifference)[];
}
