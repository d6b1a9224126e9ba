// Original file: proto/evenkeel/v1/scheduler.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A new VM that somebody waits for while room is made, as schedulers tell each other.
 */
export interface WaitingVmInput {
  'id'?: (string);
  'name'?: (string);
  'vcpus'?: (number);
  'memoryMaxBytes'?: (number | string | Long);
  /**
   * Traits that its host must have, such as "pool:shared".
   */
  'needs'?: (string)[];
  /**
   * Nobody waits any more then.
   */
  'expiresAtMs'?: (number | string | Long);
}

/**
 * A new VM that somebody waits for while room is made, as schedulers tell each other.
 */
export interface WaitingVm {
  'id': (string);
  'name': (string);
  'vcpus': (number);
  'memoryMaxBytes': (number);
  /**
   * Traits that its host must have, such as "pool:shared".
   */
  'needs': (string)[];
  /**
   * Nobody waits any more then.
   */
  'expiresAtMs': (number);
}
