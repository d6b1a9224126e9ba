// Original file: proto/evenkeel/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface VmDiskInput {
  'device'?: (string);
  'source'?: (string);
  'pool'?: (string);
  'volume'?: (string);
  'format'?: (string);
  'cdrom'?: (boolean);
  'capacityBytes'?: (number | string | Long);
}

export interface VmDisk {
  'device': (string);
  'source': (string);
  'pool': (string);
  'volume': (string);
  'format': (string);
  'cdrom': (boolean);
  'capacityBytes': (number);
}
