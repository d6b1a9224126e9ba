// Original file: proto/evenkeel/v1/agent.proto

import type { CommitModeInput as _evenkeel_v1_CommitModeInput, CommitMode as _evenkeel_v1_CommitMode } from '../../evenkeel/v1/CommitMode.ts';
import type { Long } from '@grpc/proto-loader';

export interface MigrateRequestInput {
  'migrationId'?: (string);
  'epoch'?: (number | string | Long);
  'vmUuid'?: (string);
  'targetHostId'?: (string);
  'targetLibvirtUri'?: (string);
  'targetMigrateUri'?: (string);
  /**
   * Cap of the copy; must not be 0: libvirt's own default is no cap at all.
   */
  'bandwidthBytesPerSecond'?: (number | string | Long);
  'downtimeMaxMs'?: (number);
  /**
   * The copy is aborted after this long; the guest then stays on the source.
   */
  'timeoutMs'?: (number);
  'commitMode'?: (_evenkeel_v1_CommitModeInput);
  /**
   * Slow the guest down when it changes its memory faster than it can be copied.
   */
  'autoConverge'?: (boolean);
  /**
   * Switch over early when nothing else helps; only where the VM's rules say so.
   */
  'postCopy'?: (boolean);
}

export interface MigrateRequest {
  'migrationId': (string);
  'epoch': (number);
  'vmUuid': (string);
  'targetHostId': (string);
  'targetLibvirtUri': (string);
  'targetMigrateUri': (string);
  /**
   * Cap of the copy; must not be 0: libvirt's own default is no cap at all.
   */
  'bandwidthBytesPerSecond': (number);
  'downtimeMaxMs': (number);
  /**
   * The copy is aborted after this long; the guest then stays on the source.
   */
  'timeoutMs': (number);
  'commitMode': (_evenkeel_v1_CommitMode);
  /**
   * Slow the guest down when it changes its memory faster than it can be copied.
   */
  'autoConverge': (boolean);
  /**
   * Switch over early when nothing else helps; only where the VM's rules say so.
   */
  'postCopy': (boolean);
}
