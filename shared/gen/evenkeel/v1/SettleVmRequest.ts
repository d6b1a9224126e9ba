// Original file: proto/evenkeel/v1/agent.proto

import type { SettleActInput as _evenkeel_v1_SettleActInput, SettleAct as _evenkeel_v1_SettleAct } from '../../evenkeel/v1/SettleAct.ts';
import type { VmStateInput as _evenkeel_v1_VmStateInput, VmState as _evenkeel_v1_VmState } from '../../evenkeel/v1/VmState.ts';
import type { Long } from '@grpc/proto-loader';

export interface SettleVmRequestInput {
  'migrationId'?: (string);
  'epoch'?: (number | string | Long);
  'vmUuid'?: (string);
  'act'?: (_evenkeel_v1_SettleActInput);
  /**
   * What the caller saw; anything else now is FAILED_PRECONDITION, and nothing is done.
   */
  'expectedState'?: (_evenkeel_v1_VmStateInput);
  'expectedStateReason'?: (number);
  'expectedLibvirtId'?: (number);
}

export interface SettleVmRequest {
  'migrationId': (string);
  'epoch': (number);
  'vmUuid': (string);
  'act': (_evenkeel_v1_SettleAct);
  /**
   * What the caller saw; anything else now is FAILED_PRECONDITION, and nothing is done.
   */
  'expectedState': (_evenkeel_v1_VmState);
  'expectedStateReason': (number);
  'expectedLibvirtId': (number);
}
