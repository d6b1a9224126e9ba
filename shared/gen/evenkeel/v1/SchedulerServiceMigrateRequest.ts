// Original file: proto/evenkeel/v1/scheduler.proto


export interface SchedulerServiceMigrateRequestInput {
  'vm'?: (string);
  /**
   * Host id or name; empty lets the planner choose.
   */
  'targetHost'?: (string);
}

export interface SchedulerServiceMigrateRequest {
  'vm': (string);
  /**
   * Host id or name; empty lets the planner choose.
   */
  'targetHost': (string);
}
