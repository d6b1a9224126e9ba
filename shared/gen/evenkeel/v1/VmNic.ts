// Original file: proto/evenkeel/v1/agent.proto


export interface VmNicInput {
  'mac'?: (string);
  'bridge'?: (string);
  'network'?: (string);
}

export interface VmNic {
  'mac': (string);
  'bridge': (string);
  'network': (string);
}
