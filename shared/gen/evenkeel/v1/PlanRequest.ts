// Original file: proto/evenkeel/v1/scheduler.proto


export interface PlanRequestInput {
}

export interface PlanRequest {
}
