// Original file: proto/evenkeel/v1/scheduler.proto


export interface ExplainRequestInput {
  /**
   * VM name or uuid; empty to ask about a host.
   */
  'vm'?: (string);
  /**
   * Host id or name; empty to ask about a VM.
   */
  'host'?: (string);
}

export interface ExplainRequest {
  /**
   * VM name or uuid; empty to ask about a host.
   */
  'vm': (string);
  /**
   * Host id or name; empty to ask about a VM.
   */
  'host': (string);
}
