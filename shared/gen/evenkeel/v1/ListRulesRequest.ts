// Original file: proto/evenkeel/v1/scheduler.proto


export interface ListRulesRequestInput {
}

export interface ListRulesRequest {
}
