// Original file: proto/evenkeel/v1/scheduler.proto


export interface GetRecordResponseInput {
  /**
   * JSON of snapshot, policy, limits and plan: docs/PLANNER.md.
   */
  'json'?: (Buffer | Uint8Array | string);
}

export interface GetRecordResponse {
  /**
   * JSON of snapshot, policy, limits and plan: docs/PLANNER.md.
   */
  'json': (Buffer);
}
