// Original file: proto/evenkeel/v1/scheduler.proto


export interface ListMaintenanceRequestInput {
}

export interface ListMaintenanceRequest {
}
