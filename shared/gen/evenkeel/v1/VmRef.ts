// Original file: proto/evenkeel/v1/agent.proto


export interface VmRefInput {
  'uuid'?: (string);
  'name'?: (string);
  'by'?: "uuid"|"name";
}

export interface VmRef {
  'uuid'?: (string);
  'name'?: (string);
  'by'?: "uuid"|"name";
}
