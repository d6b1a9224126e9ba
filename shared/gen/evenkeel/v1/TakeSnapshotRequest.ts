// Original file: proto/evenkeel/v1/scheduler.proto


export interface TakeSnapshotRequestInput {
}

export interface TakeSnapshotRequest {
}
