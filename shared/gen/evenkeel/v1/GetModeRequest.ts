// Original file: proto/evenkeel/v1/scheduler.proto


export interface GetModeRequestInput {
}

export interface GetModeRequest {
}
