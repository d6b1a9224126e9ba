// Original file: proto/evenkeel/v1/scheduler.proto


export interface SchedulerServiceGetVmRequestInput {
  'vm'?: (string);
  'includeXml'?: (boolean);
}

export interface SchedulerServiceGetVmRequest {
  'vm': (string);
  'includeXml': (boolean);
}
