// Original file: proto/evenkeel/v1/scheduler.proto


export interface ListVmLoadsRequestInput {
  /**
   * Host id or name; empty for all.
   */
  'host'?: (string);
}

export interface ListVmLoadsRequest {
  /**
   * Host id or name; empty for all.
   */
  'host': (string);
}
