// Original file: proto/evenkeel/v1/scheduler.proto


export interface ExplainRequestInput {
  /**
   * VM name or uuid.
   */
  'vm'?: (string);
}

export interface ExplainRequest {
  /**
   * VM name or uuid.
   */
  'vm': (string);
}
