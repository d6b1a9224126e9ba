// Original file: proto/evenkeel/v1/scheduler.proto


export interface ExitMaintenanceRequestInput {
  'host'?: (string);
}

export interface ExitMaintenanceRequest {
  'host': (string);
}
