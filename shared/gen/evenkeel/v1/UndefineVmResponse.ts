// Original file: proto/evenkeel/v1/agent.proto


export interface UndefineVmResponseInput {
  'deletedVolumes'?: (string)[];
}

export interface UndefineVmResponse {
  'deletedVolumes': (string)[];
}
