// Original file: proto/evenkeel/v1/telemetry.proto

import type { Long } from '@grpc/proto-loader';

export interface NicSampleInput {
  /**
   * MAC address: tap names change with every start.
   */
  'device'?: (string);
  /**
   * As the guest sees it.
   */
  'receiveBytes'?: (number | string | Long);
  'transmitBytes'?: (number | string | Long);
  'receivePackets'?: (number | string | Long);
  'transmitPackets'?: (number | string | Long);
  'receiveErrors'?: (number | string | Long);
  'transmitErrors'?: (number | string | Long);
  'receiveDrops'?: (number | string | Long);
  'transmitDrops'?: (number | string | Long);
  'receiveBytesPerSecond'?: (number | string);
  'transmitBytesPerSecond'?: (number | string);
  'receivePacketsPerSecond'?: (number | string);
  'transmitPacketsPerSecond'?: (number | string);
  '_receiveBytesPerSecond'?: "receiveBytesPerSecond";
  '_transmitBytesPerSecond'?: "transmitBytesPerSecond";
  '_receivePacketsPerSecond'?: "receivePacketsPerSecond";
  '_transmitPacketsPerSecond'?: "transmitPacketsPerSecond";
}

export interface NicSample {
  /**
   * MAC address: tap names change with every start.
   */
  'device': (string);
  /**
   * As the guest sees it.
   */
  'receiveBytes': (number);
  'transmitBytes': (number);
  'receivePackets': (number);
  'transmitPackets': (number);
  'receiveErrors': (number);
  'transmitErrors': (number);
  'receiveDrops': (number);
  'transmitDrops': (number);
  'receiveBytesPerSecond'?: (number);
  'transmitBytesPerSecond'?: (number);
  'receivePacketsPerSecond'?: (number);
  'transmitPacketsPerSecond'?: (number);
  '_receiveBytesPerSecond'?: "receiveBytesPerSecond";
  '_transmitBytesPerSecond'?: "transmitBytesPerSecond";
  '_receivePacketsPerSecond'?: "receivePacketsPerSecond";
  '_transmitPacketsPerSecond'?: "transmitPacketsPerSecond";
}
