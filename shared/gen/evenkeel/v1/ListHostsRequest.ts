// Original file: proto/evenkeel/v1/scheduler.proto


export interface ListHostsRequestInput {
}

export interface ListHostsRequest {
}
