// Original file: proto/evenkeel/v1/scheduler.proto


export interface SchedulerServiceUndefineVmResponseInput {
  'deletedVolumes'?: (string)[];
}

export interface SchedulerServiceUndefineVmResponse {
  'deletedVolumes': (string)[];
}
