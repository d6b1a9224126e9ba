// Original file: proto/evenkeel/v1/agent.proto


export interface CheckTargetRequestInput {
  'vmUuid'?: (string);
  'vmName'?: (string);
  /**
   * The VM's live definition on the source.
   */
  'xml'?: (string);
  'sourceHypervisorVersion'?: (string);
}

export interface CheckTargetRequest {
  'vmUuid': (string);
  'vmName': (string);
  /**
   * The VM's live definition on the source.
   */
  'xml': (string);
  'sourceHypervisorVersion': (string);
}
