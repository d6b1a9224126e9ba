// Original file: proto/evenkeel/v1/telemetry.proto


export interface ShadowDifferenceInput {
  'vmUuid'?: (string);
  'vmName'?: (string);
  'sourceHostName'?: (string);
  /**
   * Where each of the two would move the VM; empty: it stays.
   */
  'activeTargetHostName'?: (string);
  'shadowTargetHostName'?: (string);
}

export interface ShadowDifference {
  'vmUuid': (string);
  'vmName': (string);
  'sourceHostName': (string);
  /**
   * Where each of the two would move the VM; empty: it stays.
   */
  'activeTargetHostName': (string);
  'shadowTargetHostName': (string);
}
