// Original file: proto/evenkeel/v1/agent.proto


export interface AbortMigrationResponseInput {
}

export interface AbortMigrationResponse {
}
