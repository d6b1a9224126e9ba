// Original file: proto/evenkeel/v1/agent.proto


export interface CheckTargetRequestInput {
  'vmUuid'?: (string);
  'vmName'?: (string);
  /**
   * The VM's live definition on the source.
   */
  'xml'?: (string);
  'sourceHypervisorVersion'?: (string);
  /**
   * The source encrypts what it copies; the target must be able to.
   */
  'tls'?: (boolean);
}

export interface CheckTargetRequest {
  'vmUuid': (string);
  'vmName': (string);
  /**
   * The VM's live definition on the source.
   */
  'xml': (string);
  'sourceHypervisorVersion': (string);
  /**
   * The source encrypts what it copies; the target must be able to.
   */
  'tls': (boolean);
}
