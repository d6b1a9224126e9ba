// Original file: proto/evenkeel/v1/scheduler.proto


export interface GetRecordRequestInput {
  /**
   * Id of a decision or of a record.
   */
  'recordId'?: (string);
}

export interface GetRecordRequest {
  /**
   * Id of a decision or of a record.
   */
  'recordId': (string);
}
