// Original file: proto/evenkeel/v1/agent.proto

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
}
