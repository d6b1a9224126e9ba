// Original file: proto/evenkeel/v1/scheduler.proto

import type { VmSpecInput as _evenkeel_v1_VmSpecInput, VmSpec as _evenkeel_v1_VmSpec } from '../../evenkeel/v1/VmSpec.ts';

export interface SchedulerServiceCreateVmRequestInput {
  'spec'?: (_evenkeel_v1_VmSpecInput | null);
  /**
   * Host id or name; empty lets the scheduler choose the one with most room.
   */
  'host'?: (string);
  'start'?: (boolean);
  /**
   * When it fits nowhere: move other VMs so that it does, and wait for that.
   */
  'makeRoom'?: (boolean);
}

export interface SchedulerServiceCreateVmRequest {
  'spec': (_evenkeel_v1_VmSpec | null);
  /**
   * Host id or name; empty lets the scheduler choose the one with most room.
   */
  'host': (string);
  'start': (boolean);
  /**
   * When it fits nowhere: move other VMs so that it does, and wait for that.
   */
  'makeRoom': (boolean);
}
