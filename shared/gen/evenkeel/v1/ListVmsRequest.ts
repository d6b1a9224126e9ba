// Original file: proto/evenkeel/v1/agent.proto


export interface ListVmsRequestInput {
}

export interface ListVmsRequest {
}
