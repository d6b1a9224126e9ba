// Original file: proto/evenkeel/v1/scheduler.proto


export interface EnterMaintenanceRequestInput {
  'host'?: (string);
  /**
   * Only tell what would go where and what cannot leave.
   */
  'checkOnly'?: (boolean);
  /**
   * Go on although some VMs cannot leave; without it that is FAILED_PRECONDITION.
   */
  'acceptRemaining'?: (boolean);
  'reason'?: (string);
}

export interface EnterMaintenanceRequest {
  'host': (string);
  /**
   * Only tell what would go where and what cannot leave.
   */
  'checkOnly': (boolean);
  /**
   * Go on although some VMs cannot leave; without it that is FAILED_PRECONDITION.
   */
  'acceptRemaining': (boolean);
  'reason': (string);
}
