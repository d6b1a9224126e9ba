// Original file: proto/evenkeel/v1/agent.proto


export interface GetHostRequestInput {
}

export interface GetHostRequest {
}
