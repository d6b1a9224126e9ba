// Original file: proto/evenkeel/v1/scheduler.proto


export interface SchedulerServiceDestroyVmRequestInput {
  'vm'?: (string);
}

export interface SchedulerServiceDestroyVmRequest {
  'vm': (string);
}
