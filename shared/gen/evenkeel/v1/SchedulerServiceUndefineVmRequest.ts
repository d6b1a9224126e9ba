// Original file: proto/evenkeel/v1/scheduler.proto


export interface SchedulerServiceUndefineVmRequestInput {
  'vm'?: (string);
  'deleteVolumes'?: (boolean);
}

export interface SchedulerServiceUndefineVmRequest {
  'vm': (string);
  'deleteVolumes': (boolean);
}
