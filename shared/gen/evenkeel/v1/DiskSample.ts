// Original file: proto/evenkeel/v1/telemetry.proto

import type { Long } from '@grpc/proto-loader';

export interface DiskSampleInput {
  /**
   * Target device in the guest, for example "vda".
   */
  'device'?: (string);
  'readBytes'?: (number | string | Long);
  'writeBytes'?: (number | string | Long);
  'readRequests'?: (number | string | Long);
  'writeRequests'?: (number | string | Long);
  'readBytesPerSecond'?: (number | string);
  'writeBytesPerSecond'?: (number | string);
  'readRequestsPerSecond'?: (number | string);
  'writeRequestsPerSecond'?: (number | string);
  /**
   * Mean time of one request in the last interval; absent when there was none.
   */
  'readLatencyMs'?: (number | string);
  'writeLatencyMs'?: (number | string);
  'capacityBytes'?: (number | string | Long);
  'allocationBytes'?: (number | string | Long);
  '_readBytesPerSecond'?: "readBytesPerSecond";
  '_writeBytesPerSecond'?: "writeBytesPerSecond";
  '_readRequestsPerSecond'?: "readRequestsPerSecond";
  '_writeRequestsPerSecond'?: "writeRequestsPerSecond";
  '_readLatencyMs'?: "readLatencyMs";
  '_writeLatencyMs'?: "writeLatencyMs";
}

export interface DiskSample {
  /**
   * Target device in the guest, for example "vda".
   */
  'device': (string);
  'readBytes': (number);
  'writeBytes': (number);
  'readRequests': (number);
  'writeRequests': (number);
  'readBytesPerSecond'?: (number);
  'writeBytesPerSecond'?: (number);
  'readRequestsPerSecond'?: (number);
  'writeRequestsPerSecond'?: (number);
  /**
   * Mean time of one request in the last interval; absent when there was none.
   */
  'readLatencyMs'?: (number);
  'writeLatencyMs'?: (number);
  'capacityBytes': (number);
  'allocationBytes': (number);
  '_readBytesPerSecond'?: "readBytesPerSecond";
  '_writeBytesPerSecond'?: "writeBytesPerSecond";
  '_readRequestsPerSecond'?: "readRequestsPerSecond";
  '_writeRequestsPerSecond'?: "writeRequestsPerSecond";
  '_readLatencyMs'?: "readLatencyMs";
  '_writeLatencyMs'?: "writeLatencyMs";
}
