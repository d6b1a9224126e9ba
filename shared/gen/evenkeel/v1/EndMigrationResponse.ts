// Original file: proto/evenkeel/v1/agent.proto


export interface EndMigrationResponseInput {
}

export interface EndMigrationResponse {
}
