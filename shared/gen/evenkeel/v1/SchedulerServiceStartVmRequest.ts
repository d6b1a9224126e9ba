// Original file: proto/evenkeel/v1/scheduler.proto


export interface SchedulerServiceStartVmRequestInput {
  'vm'?: (string);
}

export interface SchedulerServiceStartVmRequest {
  'vm': (string);
}
