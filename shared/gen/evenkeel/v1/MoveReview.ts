// Original file: proto/evenkeel/v1/scheduler.proto

import type { ReviewedFigureInput as _evenkeel_v1_ReviewedFigureInput, ReviewedFigure as _evenkeel_v1_ReviewedFigure } from '../../evenkeel/v1/ReviewedFigure.ts';

/**
 * A move that has ended: what the planner expected, and what came.
 */
export interface MoveReviewInput {
  'migrationId'?: (string);
  'decisionId'?: (string);
  'vmName'?: (string);
  'figures'?: (_evenkeel_v1_ReviewedFigureInput)[];
}

/**
 * A move that has ended: what the planner expected, and what came.
 */
export interface MoveReview {
  'migrationId': (string);
  'decisionId': (string);
  'vmName': (string);
  'figures': (_evenkeel_v1_ReviewedFigure)[];
}
