// Original file: proto/evenkeel/v1/agent.proto


export interface GuardMigrationResponseInput {
  /**
   * A definition of the VM was here before.
   */
  'definedBefore'?: (boolean);
}

export interface GuardMigrationResponse {
  /**
   * A definition of the VM was here before.
   */
  'definedBefore': (boolean);
}
