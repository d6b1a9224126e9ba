// Original file: proto/evenkeel/v1/telemetry.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Load of the whole host. Ratios are 0 to 1. A field that is absent was not measured: it is not zero.
 */
export interface HostSampleInput {
  'cpuCores'?: (number | string);
  'cpuUsedCores'?: (number | string);
  /**
   * Used cores plus what the host's VMs waited for on its run queues.
   */
  'cpuDemandCores'?: (number | string);
  'cpuStealCores'?: (number | string);
  'cpuIowaitCores'?: (number | string);
  'memoryBytes'?: (number | string | Long);
  'memoryAvailableBytes'?: (number | string | Long);
  'swapInBytesPerSecond'?: (number | string);
  'cpuPressureRatio'?: (number | string);
  'memoryPressureRatio'?: (number | string);
  'memoryFullPressureRatio'?: (number | string);
  'ioPressureRatio'?: (number | string);
  'load1'?: (number | string);
  'load5'?: (number | string);
  'load15'?: (number | string);
  '_cpuUsedCores'?: "cpuUsedCores";
  '_cpuDemandCores'?: "cpuDemandCores";
  '_cpuStealCores'?: "cpuStealCores";
  '_cpuIowaitCores'?: "cpuIowaitCores";
  '_swapInBytesPerSecond'?: "swapInBytesPerSecond";
  '_cpuPressureRatio'?: "cpuPressureRatio";
  '_memoryPressureRatio'?: "memoryPressureRatio";
  '_memoryFullPressureRatio'?: "memoryFullPressureRatio";
  '_ioPressureRatio'?: "ioPressureRatio";
}

/**
 * Load of the whole host. Ratios are 0 to 1. A field that is absent was not measured: it is not zero.
 */
export interface HostSample {
  'cpuCores': (number);
  'cpuUsedCores'?: (number);
  /**
   * Used cores plus what the host's VMs waited for on its run queues.
   */
  'cpuDemandCores'?: (number);
  'cpuStealCores'?: (number);
  'cpuIowaitCores'?: (number);
  'memoryBytes': (number);
  'memoryAvailableBytes': (number);
  'swapInBytesPerSecond'?: (number);
  'cpuPressureRatio'?: (number);
  'memoryPressureRatio'?: (number);
  'memoryFullPressureRatio'?: (number);
  'ioPressureRatio'?: (number);
  'load1': (number);
  'load5': (number);
  'load15': (number);
  '_cpuUsedCores'?: "cpuUsedCores";
  '_cpuDemandCores'?: "cpuDemandCores";
  '_cpuStealCores'?: "cpuStealCores";
  '_cpuIowaitCores'?: "cpuIowaitCores";
  '_swapInBytesPerSecond'?: "swapInBytesPerSecond";
  '_cpuPressureRatio'?: "cpuPressureRatio";
  '_memoryPressureRatio'?: "memoryPressureRatio";
  '_memoryFullPressureRatio'?: "memoryFullPressureRatio";
  '_ioPressureRatio'?: "ioPressureRatio";
}
