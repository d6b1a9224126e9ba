// Original file: proto/evenkeel/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface DiskSpecInput {
  'pool'?: (string);
  /**
   * A new, empty volume of this size.
   */
  'newBytes'?: (number | string | Long);
  /**
   * A copy of this volume of the same pool.
   */
  'cloneOf'?: (string);
  /**
   * This volume of the pool as it is; it is kept when the VM is removed.
   */
  'existing'?: (string);
  /**
   * For a clone: grow to this size; 0 keeps the image's.
   */
  'sizeBytes'?: (number | string | Long);
  'source'?: "newBytes"|"cloneOf"|"existing";
}

export interface DiskSpec {
  'pool': (string);
  /**
   * A new, empty volume of this size.
   */
  'newBytes'?: (number);
  /**
   * A copy of this volume of the same pool.
   */
  'cloneOf'?: (string);
  /**
   * This volume of the pool as it is; it is kept when the VM is removed.
   */
  'existing'?: (string);
  /**
   * For a clone: grow to this size; 0 keeps the image's.
   */
  'sizeBytes': (number);
  'source'?: "newBytes"|"cloneOf"|"existing";
}
