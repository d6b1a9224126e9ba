// Original file: proto/evenkeel/v1/telemetry.proto

import type { HostFactsInput as _evenkeel_v1_HostFactsInput, HostFacts as _evenkeel_v1_HostFacts } from '../../evenkeel/v1/HostFacts.ts';
import type { HostSampleInput as _evenkeel_v1_HostSampleInput, HostSample as _evenkeel_v1_HostSample } from '../../evenkeel/v1/HostSample.ts';
import type { VmSampleInput as _evenkeel_v1_VmSampleInput, VmSample as _evenkeel_v1_VmSample } from '../../evenkeel/v1/VmSample.ts';
import type { AgentStatusInput as _evenkeel_v1_AgentStatusInput, AgentStatus as _evenkeel_v1_AgentStatus } from '../../evenkeel/v1/AgentStatus.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * One tick of one host. Published to evenkeel.v1.samples.<host_id> with
 * Nats-Msg-Id "<host_id>:<boot_id>:<sequence>", so that a retry is no duplicate.
 */
export interface HostReportInput {
  /**
   * libvirt's host UUID; the name is data and may change.
   */
  'hostId'?: (string);
  'hostName'?: (string);
  /**
   * Made anew each time the agent starts; sequence counts from 1 within it.
   */
  'bootId'?: (string);
  'sequence'?: (number | string | Long);
  /**
   * Wall time of the tick this report stands for, a multiple of interval_ms.
   */
  'tickAtMs'?: (number | string | Long);
  'intervalMs'?: (number);
  'facts'?: (_evenkeel_v1_HostFactsInput | null);
  'host'?: (_evenkeel_v1_HostSampleInput | null);
  /**
   * All active VMs of the host when vms_complete, else those that answered.
   */
  'vms'?: (_evenkeel_v1_VmSampleInput)[];
  /**
   * False when libvirt did not answer: a VM that is not listed is then unknown, not absent.
   */
  'vmsComplete'?: (boolean);
  'agent'?: (_evenkeel_v1_AgentStatusInput | null);
}

/**
 * One tick of one host. Published to evenkeel.v1.samples.<host_id> with
 * Nats-Msg-Id "<host_id>:<boot_id>:<sequence>", so that a retry is no duplicate.
 */
export interface HostReport {
  /**
   * libvirt's host UUID; the name is data and may change.
   */
  'hostId': (string);
  'hostName': (string);
  /**
   * Made anew each time the agent starts; sequence counts from 1 within it.
   */
  'bootId': (string);
  'sequence': (number);
  /**
   * Wall time of the tick this report stands for, a multiple of interval_ms.
   */
  'tickAtMs': (number);
  'intervalMs': (number);
  'facts': (_evenkeel_v1_HostFacts | null);
  'host': (_evenkeel_v1_HostSample | null);
  /**
   * All active VMs of the host when vms_complete, else those that answered.
   */
  'vms': (_evenkeel_v1_VmSample)[];
  /**
   * False when libvirt did not answer: a VM that is not listed is then unknown, not absent.
   */
  'vmsComplete': (boolean);
  'agent': (_evenkeel_v1_AgentStatus | null);
}
