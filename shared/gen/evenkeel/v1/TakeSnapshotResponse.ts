// Original file: proto/evenkeel/v1/scheduler.proto


export interface TakeSnapshotResponseInput {
  /**
   * JSON of the snapshot, the policy and the limits a plan is made from now: docs/PLANNER.md.
   */
  'json'?: (Buffer | Uint8Array | string);
}

export interface TakeSnapshotResponse {
  /**
   * JSON of the snapshot, the policy and the limits a plan is made from now: docs/PLANNER.md.
   */
  'json': (Buffer);
}
