// Original file: proto/evenkeel/v1/scheduler.proto

import type { HostLoadInput as _evenkeel_v1_HostLoadInput, HostLoad as _evenkeel_v1_HostLoad } from '../../evenkeel/v1/HostLoad.ts';
import type { VmLoadInput as _evenkeel_v1_VmLoadInput, VmLoad as _evenkeel_v1_VmLoad } from '../../evenkeel/v1/VmLoad.ts';
import type { MigrationInput as _evenkeel_v1_MigrationInput, Migration as _evenkeel_v1_Migration } from '../../evenkeel/v1/Migration.ts';
import type { Long } from '@grpc/proto-loader';

export interface WatchLoadResponseInput {
  'atMs'?: (number | string | Long);
  'hosts'?: (_evenkeel_v1_HostLoadInput)[];
  'vms'?: (_evenkeel_v1_VmLoadInput)[];
  'migrations'?: (_evenkeel_v1_MigrationInput)[];
}

export interface WatchLoadResponse {
  'atMs': (number);
  'hosts': (_evenkeel_v1_HostLoad)[];
  'vms': (_evenkeel_v1_VmLoad)[];
  'migrations': (_evenkeel_v1_Migration)[];
}
