// Original file: proto/evenkeel/v1/telemetry.proto


export interface VmRulesInput {
  /**
   * The balancer leaves this VM where it is; a person may still move it.
   */
  'neverMove'?: (boolean);
  /**
   * Longest pause of the guest a migration may cause; 0 = the scheduler's default.
   */
  'downtimeMaxMs'?: (number);
  /**
   * The guest may be switched over before all its memory has come, when it changes too fast to be copied. A fault of
   * either host or of the network then loses it.
   */
  'postCopy'?: (boolean);
}

export interface VmRules {
  /**
   * The balancer leaves this VM where it is; a person may still move it.
   */
  'neverMove': (boolean);
  /**
   * Longest pause of the guest a migration may cause; 0 = the scheduler's default.
   */
  'downtimeMaxMs': (number);
  /**
   * The guest may be switched over before all its memory has come, when it changes too fast to be copied. A fault of
   * either host or of the network then loses it.
   */
  'postCopy': (boolean);
}
