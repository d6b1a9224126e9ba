// Original file: proto/evenkeel/v1/scheduler.proto


export interface SchedulerServiceShutdownVmRequestInput {
  'vm'?: (string);
}

export interface SchedulerServiceShutdownVmRequest {
  'vm': (string);
}
