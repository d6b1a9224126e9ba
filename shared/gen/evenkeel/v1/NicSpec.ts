// Original file: proto/evenkeel/v1/agent.proto


export interface NicSpecInput {
  'bridge'?: (string);
  'network'?: (string);
  /**
   * Made under 52:54:00 when empty.
   */
  'mac'?: (string);
  'attach'?: "bridge"|"network";
}

export interface NicSpec {
  'bridge'?: (string);
  'network'?: (string);
  /**
   * Made under 52:54:00 when empty.
   */
  'mac': (string);
  'attach'?: "bridge"|"network";
}
