// Original file: proto/evenkeel/v1/agent.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AbortMigrationRequestInput as _evenkeel_v1_AbortMigrationRequestInput, AbortMigrationRequest as _evenkeel_v1_AbortMigrationRequest } from '../../evenkeel/v1/AbortMigrationRequest.ts';
import type { AbortMigrationResponseInput as _evenkeel_v1_AbortMigrationResponseInput, AbortMigrationResponse as _evenkeel_v1_AbortMigrationResponse } from '../../evenkeel/v1/AbortMigrationResponse.ts';
import type { CheckTargetRequestInput as _evenkeel_v1_CheckTargetRequestInput, CheckTargetRequest as _evenkeel_v1_CheckTargetRequest } from '../../evenkeel/v1/CheckTargetRequest.ts';
import type { CheckTargetResponseInput as _evenkeel_v1_CheckTargetResponseInput, CheckTargetResponse as _evenkeel_v1_CheckTargetResponse } from '../../evenkeel/v1/CheckTargetResponse.ts';
import type { CreateVmRequestInput as _evenkeel_v1_CreateVmRequestInput, CreateVmRequest as _evenkeel_v1_CreateVmRequest } from '../../evenkeel/v1/CreateVmRequest.ts';
import type { CreateVmResponseInput as _evenkeel_v1_CreateVmResponseInput, CreateVmResponse as _evenkeel_v1_CreateVmResponse } from '../../evenkeel/v1/CreateVmResponse.ts';
import type { DestroyVmRequestInput as _evenkeel_v1_DestroyVmRequestInput, DestroyVmRequest as _evenkeel_v1_DestroyVmRequest } from '../../evenkeel/v1/DestroyVmRequest.ts';
import type { DestroyVmResponseInput as _evenkeel_v1_DestroyVmResponseInput, DestroyVmResponse as _evenkeel_v1_DestroyVmResponse } from '../../evenkeel/v1/DestroyVmResponse.ts';
import type { EndMigrationRequestInput as _evenkeel_v1_EndMigrationRequestInput, EndMigrationRequest as _evenkeel_v1_EndMigrationRequest } from '../../evenkeel/v1/EndMigrationRequest.ts';
import type { EndMigrationResponseInput as _evenkeel_v1_EndMigrationResponseInput, EndMigrationResponse as _evenkeel_v1_EndMigrationResponse } from '../../evenkeel/v1/EndMigrationResponse.ts';
import type { GetHostRequestInput as _evenkeel_v1_GetHostRequestInput, GetHostRequest as _evenkeel_v1_GetHostRequest } from '../../evenkeel/v1/GetHostRequest.ts';
import type { GetHostResponseInput as _evenkeel_v1_GetHostResponseInput, GetHostResponse as _evenkeel_v1_GetHostResponse } from '../../evenkeel/v1/GetHostResponse.ts';
import type { GetVmRequestInput as _evenkeel_v1_GetVmRequestInput, GetVmRequest as _evenkeel_v1_GetVmRequest } from '../../evenkeel/v1/GetVmRequest.ts';
import type { GetVmResponseInput as _evenkeel_v1_GetVmResponseInput, GetVmResponse as _evenkeel_v1_GetVmResponse } from '../../evenkeel/v1/GetVmResponse.ts';
import type { GuardMigrationRequestInput as _evenkeel_v1_GuardMigrationRequestInput, GuardMigrationRequest as _evenkeel_v1_GuardMigrationRequest } from '../../evenkeel/v1/GuardMigrationRequest.ts';
import type { GuardMigrationResponseInput as _evenkeel_v1_GuardMigrationResponseInput, GuardMigrationResponse as _evenkeel_v1_GuardMigrationResponse } from '../../evenkeel/v1/GuardMigrationResponse.ts';
import type { ListVmsRequestInput as _evenkeel_v1_ListVmsRequestInput, ListVmsRequest as _evenkeel_v1_ListVmsRequest } from '../../evenkeel/v1/ListVmsRequest.ts';
import type { ListVmsResponseInput as _evenkeel_v1_ListVmsResponseInput, ListVmsResponse as _evenkeel_v1_ListVmsResponse } from '../../evenkeel/v1/ListVmsResponse.ts';
import type { MigrateRequestInput as _evenkeel_v1_MigrateRequestInput, MigrateRequest as _evenkeel_v1_MigrateRequest } from '../../evenkeel/v1/MigrateRequest.ts';
import type { MigrateResponseInput as _evenkeel_v1_MigrateResponseInput, MigrateResponse as _evenkeel_v1_MigrateResponse } from '../../evenkeel/v1/MigrateResponse.ts';
import type { ObserveVmRequestInput as _evenkeel_v1_ObserveVmRequestInput, ObserveVmRequest as _evenkeel_v1_ObserveVmRequest } from '../../evenkeel/v1/ObserveVmRequest.ts';
import type { ObserveVmResponseInput as _evenkeel_v1_ObserveVmResponseInput, ObserveVmResponse as _evenkeel_v1_ObserveVmResponse } from '../../evenkeel/v1/ObserveVmResponse.ts';
import type { SettleVmRequestInput as _evenkeel_v1_SettleVmRequestInput, SettleVmRequest as _evenkeel_v1_SettleVmRequest } from '../../evenkeel/v1/SettleVmRequest.ts';
import type { SettleVmResponseInput as _evenkeel_v1_SettleVmResponseInput, SettleVmResponse as _evenkeel_v1_SettleVmResponse } from '../../evenkeel/v1/SettleVmResponse.ts';
import type { ShutdownVmRequestInput as _evenkeel_v1_ShutdownVmRequestInput, ShutdownVmRequest as _evenkeel_v1_ShutdownVmRequest } from '../../evenkeel/v1/ShutdownVmRequest.ts';
import type { ShutdownVmResponseInput as _evenkeel_v1_ShutdownVmResponseInput, ShutdownVmResponse as _evenkeel_v1_ShutdownVmResponse } from '../../evenkeel/v1/ShutdownVmResponse.ts';
import type { StartVmRequestInput as _evenkeel_v1_StartVmRequestInput, StartVmRequest as _evenkeel_v1_StartVmRequest } from '../../evenkeel/v1/StartVmRequest.ts';
import type { StartVmResponseInput as _evenkeel_v1_StartVmResponseInput, StartVmResponse as _evenkeel_v1_StartVmResponse } from '../../evenkeel/v1/StartVmResponse.ts';
import type { UndefineVmRequestInput as _evenkeel_v1_UndefineVmRequestInput, UndefineVmRequest as _evenkeel_v1_UndefineVmRequest } from '../../evenkeel/v1/UndefineVmRequest.ts';
import type { UndefineVmResponseInput as _evenkeel_v1_UndefineVmResponseInput, UndefineVmResponse as _evenkeel_v1_UndefineVmResponse } from '../../evenkeel/v1/UndefineVmResponse.ts';

/**
 * Errors: NOT_FOUND no such VM, ALREADY_EXISTS name or UUID taken, INVALID_ARGUMENT names the field,
 * FAILED_PRECONDITION wrong state (with the cure), UNAVAILABLE libvirt is not reachable,
 * DEADLINE_EXCEEDED outcome unknown: ask again by name.
 */
export interface AgentServiceClient extends grpc.Client {
  /**
   * Stops a migration that is still copying; the guest stays on the source.
   */
  AbortMigration(argument: _evenkeel_v1_AbortMigrationRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_AbortMigrationResponse>): grpc.ClientUnaryCall;
  AbortMigration(argument: _evenkeel_v1_AbortMigrationRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_AbortMigrationResponse>): grpc.ClientUnaryCall;
  AbortMigration(argument: _evenkeel_v1_AbortMigrationRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_AbortMigrationResponse>): grpc.ClientUnaryCall;
  AbortMigration(argument: _evenkeel_v1_AbortMigrationRequestInput, callback: grpc.requestCallback<_evenkeel_v1_AbortMigrationResponse>): grpc.ClientUnaryCall;
  /**
   * Stops a migration that is still copying; the guest stays on the source.
   */
  abortMigration(argument: _evenkeel_v1_AbortMigrationRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_AbortMigrationResponse>): grpc.ClientUnaryCall;
  abortMigration(argument: _evenkeel_v1_AbortMigrationRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_AbortMigrationResponse>): grpc.ClientUnaryCall;
  abortMigration(argument: _evenkeel_v1_AbortMigrationRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_AbortMigrationResponse>): grpc.ClientUnaryCall;
  abortMigration(argument: _evenkeel_v1_AbortMigrationRequestInput, callback: grpc.requestCallback<_evenkeel_v1_AbortMigrationResponse>): grpc.ClientUnaryCall;
  
  /**
   * Asked of the target before a migration: every reason why the VM could not run here.
   */
  CheckTarget(argument: _evenkeel_v1_CheckTargetRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_CheckTargetResponse>): grpc.ClientUnaryCall;
  CheckTarget(argument: _evenkeel_v1_CheckTargetRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_CheckTargetResponse>): grpc.ClientUnaryCall;
  CheckTarget(argument: _evenkeel_v1_CheckTargetRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_CheckTargetResponse>): grpc.ClientUnaryCall;
  CheckTarget(argument: _evenkeel_v1_CheckTargetRequestInput, callback: grpc.requestCallback<_evenkeel_v1_CheckTargetResponse>): grpc.ClientUnaryCall;
  /**
   * Asked of the target before a migration: every reason why the VM could not run here.
   */
  checkTarget(argument: _evenkeel_v1_CheckTargetRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_CheckTargetResponse>): grpc.ClientUnaryCall;
  checkTarget(argument: _evenkeel_v1_CheckTargetRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_CheckTargetResponse>): grpc.ClientUnaryCall;
  checkTarget(argument: _evenkeel_v1_CheckTargetRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_CheckTargetResponse>): grpc.ClientUnaryCall;
  checkTarget(argument: _evenkeel_v1_CheckTargetRequestInput, callback: grpc.requestCallback<_evenkeel_v1_CheckTargetResponse>): grpc.ClientUnaryCall;
  
  /**
   * Creates volumes, definition and, when asked, starts it. A failure leaves nothing behind.
   */
  CreateVm(argument: _evenkeel_v1_CreateVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_CreateVmResponse>): grpc.ClientUnaryCall;
  CreateVm(argument: _evenkeel_v1_CreateVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_CreateVmResponse>): grpc.ClientUnaryCall;
  CreateVm(argument: _evenkeel_v1_CreateVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_CreateVmResponse>): grpc.ClientUnaryCall;
  CreateVm(argument: _evenkeel_v1_CreateVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_CreateVmResponse>): grpc.ClientUnaryCall;
  /**
   * Creates volumes, definition and, when asked, starts it. A failure leaves nothing behind.
   */
  createVm(argument: _evenkeel_v1_CreateVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_CreateVmResponse>): grpc.ClientUnaryCall;
  createVm(argument: _evenkeel_v1_CreateVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_CreateVmResponse>): grpc.ClientUnaryCall;
  createVm(argument: _evenkeel_v1_CreateVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_CreateVmResponse>): grpc.ClientUnaryCall;
  createVm(argument: _evenkeel_v1_CreateVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_CreateVmResponse>): grpc.ClientUnaryCall;
  
  /**
   * Pulls the plug. Refused while the VM migrates.
   */
  DestroyVm(argument: _evenkeel_v1_DestroyVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_DestroyVmResponse>): grpc.ClientUnaryCall;
  DestroyVm(argument: _evenkeel_v1_DestroyVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_DestroyVmResponse>): grpc.ClientUnaryCall;
  DestroyVm(argument: _evenkeel_v1_DestroyVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_DestroyVmResponse>): grpc.ClientUnaryCall;
  DestroyVm(argument: _evenkeel_v1_DestroyVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_DestroyVmResponse>): grpc.ClientUnaryCall;
  /**
   * Pulls the plug. Refused while the VM migrates.
   */
  destroyVm(argument: _evenkeel_v1_DestroyVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_DestroyVmResponse>): grpc.ClientUnaryCall;
  destroyVm(argument: _evenkeel_v1_DestroyVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_DestroyVmResponse>): grpc.ClientUnaryCall;
  destroyVm(argument: _evenkeel_v1_DestroyVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_DestroyVmResponse>): grpc.ClientUnaryCall;
  destroyVm(argument: _evenkeel_v1_DestroyVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_DestroyVmResponse>): grpc.ClientUnaryCall;
  
  /**
   * The migration is over: the intent is forgotten, others may command the VM again. ABORTED: a later migration of the VM
   * is known here, and nothing is left to be done.
   */
  EndMigration(argument: _evenkeel_v1_EndMigrationRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_EndMigrationResponse>): grpc.ClientUnaryCall;
  EndMigration(argument: _evenkeel_v1_EndMigrationRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_EndMigrationResponse>): grpc.ClientUnaryCall;
  EndMigration(argument: _evenkeel_v1_EndMigrationRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_EndMigrationResponse>): grpc.ClientUnaryCall;
  EndMigration(argument: _evenkeel_v1_EndMigrationRequestInput, callback: grpc.requestCallback<_evenkeel_v1_EndMigrationResponse>): grpc.ClientUnaryCall;
  /**
   * The migration is over: the intent is forgotten, others may command the VM again. ABORTED: a later migration of the VM
   * is known here, and nothing is left to be done.
   */
  endMigration(argument: _evenkeel_v1_EndMigrationRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_EndMigrationResponse>): grpc.ClientUnaryCall;
  endMigration(argument: _evenkeel_v1_EndMigrationRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_EndMigrationResponse>): grpc.ClientUnaryCall;
  endMigration(argument: _evenkeel_v1_EndMigrationRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_EndMigrationResponse>): grpc.ClientUnaryCall;
  endMigration(argument: _evenkeel_v1_EndMigrationRequestInput, callback: grpc.requestCallback<_evenkeel_v1_EndMigrationResponse>): grpc.ClientUnaryCall;
  
  GetHost(argument: _evenkeel_v1_GetHostRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetHostResponse>): grpc.ClientUnaryCall;
  GetHost(argument: _evenkeel_v1_GetHostRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_GetHostResponse>): grpc.ClientUnaryCall;
  GetHost(argument: _evenkeel_v1_GetHostRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetHostResponse>): grpc.ClientUnaryCall;
  GetHost(argument: _evenkeel_v1_GetHostRequestInput, callback: grpc.requestCallback<_evenkeel_v1_GetHostResponse>): grpc.ClientUnaryCall;
  getHost(argument: _evenkeel_v1_GetHostRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetHostResponse>): grpc.ClientUnaryCall;
  getHost(argument: _evenkeel_v1_GetHostRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_GetHostResponse>): grpc.ClientUnaryCall;
  getHost(argument: _evenkeel_v1_GetHostRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetHostResponse>): grpc.ClientUnaryCall;
  getHost(argument: _evenkeel_v1_GetHostRequestInput, callback: grpc.requestCallback<_evenkeel_v1_GetHostResponse>): grpc.ClientUnaryCall;
  
  /**
   * The VM by UUID or name. Status NOT_FOUND means libvirt itself said that it has none.
   */
  GetVm(argument: _evenkeel_v1_GetVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetVmResponse>): grpc.ClientUnaryCall;
  GetVm(argument: _evenkeel_v1_GetVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_GetVmResponse>): grpc.ClientUnaryCall;
  GetVm(argument: _evenkeel_v1_GetVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetVmResponse>): grpc.ClientUnaryCall;
  GetVm(argument: _evenkeel_v1_GetVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_GetVmResponse>): grpc.ClientUnaryCall;
  /**
   * The VM by UUID or name. Status NOT_FOUND means libvirt itself said that it has none.
   */
  getVm(argument: _evenkeel_v1_GetVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetVmResponse>): grpc.ClientUnaryCall;
  getVm(argument: _evenkeel_v1_GetVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_GetVmResponse>): grpc.ClientUnaryCall;
  getVm(argument: _evenkeel_v1_GetVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GetVmResponse>): grpc.ClientUnaryCall;
  getVm(argument: _evenkeel_v1_GetVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_GetVmResponse>): grpc.ClientUnaryCall;
  
  /**
   * Asked of the target before the source is told: records the intent on disk, refuses commands of others for the VM
   * from now on, and watches over a copy that arrives paused.
   */
  GuardMigration(argument: _evenkeel_v1_GuardMigrationRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GuardMigrationResponse>): grpc.ClientUnaryCall;
  GuardMigration(argument: _evenkeel_v1_GuardMigrationRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_GuardMigrationResponse>): grpc.ClientUnaryCall;
  GuardMigration(argument: _evenkeel_v1_GuardMigrationRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GuardMigrationResponse>): grpc.ClientUnaryCall;
  GuardMigration(argument: _evenkeel_v1_GuardMigrationRequestInput, callback: grpc.requestCallback<_evenkeel_v1_GuardMigrationResponse>): grpc.ClientUnaryCall;
  /**
   * Asked of the target before the source is told: records the intent on disk, refuses commands of others for the VM
   * from now on, and watches over a copy that arrives paused.
   */
  guardMigration(argument: _evenkeel_v1_GuardMigrationRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GuardMigrationResponse>): grpc.ClientUnaryCall;
  guardMigration(argument: _evenkeel_v1_GuardMigrationRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_GuardMigrationResponse>): grpc.ClientUnaryCall;
  guardMigration(argument: _evenkeel_v1_GuardMigrationRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_GuardMigrationResponse>): grpc.ClientUnaryCall;
  guardMigration(argument: _evenkeel_v1_GuardMigrationRequestInput, callback: grpc.requestCallback<_evenkeel_v1_GuardMigrationResponse>): grpc.ClientUnaryCall;
  
  ListVms(argument: _evenkeel_v1_ListVmsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListVmsResponse>): grpc.ClientUnaryCall;
  ListVms(argument: _evenkeel_v1_ListVmsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListVmsResponse>): grpc.ClientUnaryCall;
  ListVms(argument: _evenkeel_v1_ListVmsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListVmsResponse>): grpc.ClientUnaryCall;
  ListVms(argument: _evenkeel_v1_ListVmsRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListVmsResponse>): grpc.ClientUnaryCall;
  listVms(argument: _evenkeel_v1_ListVmsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListVmsResponse>): grpc.ClientUnaryCall;
  listVms(argument: _evenkeel_v1_ListVmsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ListVmsResponse>): grpc.ClientUnaryCall;
  listVms(argument: _evenkeel_v1_ListVmsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ListVmsResponse>): grpc.ClientUnaryCall;
  listVms(argument: _evenkeel_v1_ListVmsRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ListVmsResponse>): grpc.ClientUnaryCall;
  
  /**
   * Asked of the source. The migration goes on when the stream breaks; calling again with the same
   * migration_id attaches to it and never starts a second one.
   */
  Migrate(argument: _evenkeel_v1_MigrateRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_evenkeel_v1_MigrateResponse>;
  Migrate(argument: _evenkeel_v1_MigrateRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_evenkeel_v1_MigrateResponse>;
  /**
   * Asked of the source. The migration goes on when the stream breaks; calling again with the same
   * migration_id attaches to it and never starts a second one.
   */
  migrate(argument: _evenkeel_v1_MigrateRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_evenkeel_v1_MigrateResponse>;
  migrate(argument: _evenkeel_v1_MigrateRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_evenkeel_v1_MigrateResponse>;
  
  /**
   * What this host shows of the VM now. Records the epoch: lower ones are refused from now on.
   */
  ObserveVm(argument: _evenkeel_v1_ObserveVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ObserveVmResponse>): grpc.ClientUnaryCall;
  ObserveVm(argument: _evenkeel_v1_ObserveVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ObserveVmResponse>): grpc.ClientUnaryCall;
  ObserveVm(argument: _evenkeel_v1_ObserveVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ObserveVmResponse>): grpc.ClientUnaryCall;
  ObserveVm(argument: _evenkeel_v1_ObserveVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ObserveVmResponse>): grpc.ClientUnaryCall;
  /**
   * What this host shows of the VM now. Records the epoch: lower ones are refused from now on.
   */
  observeVm(argument: _evenkeel_v1_ObserveVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ObserveVmResponse>): grpc.ClientUnaryCall;
  observeVm(argument: _evenkeel_v1_ObserveVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ObserveVmResponse>): grpc.ClientUnaryCall;
  observeVm(argument: _evenkeel_v1_ObserveVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ObserveVmResponse>): grpc.ClientUnaryCall;
  observeVm(argument: _evenkeel_v1_ObserveVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ObserveVmResponse>): grpc.ClientUnaryCall;
  
  /**
   * One act on one side of a migration, done only when the VM still is as the caller saw it.
   */
  SettleVm(argument: _evenkeel_v1_SettleVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SettleVmResponse>): grpc.ClientUnaryCall;
  SettleVm(argument: _evenkeel_v1_SettleVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SettleVmResponse>): grpc.ClientUnaryCall;
  SettleVm(argument: _evenkeel_v1_SettleVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SettleVmResponse>): grpc.ClientUnaryCall;
  SettleVm(argument: _evenkeel_v1_SettleVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SettleVmResponse>): grpc.ClientUnaryCall;
  /**
   * One act on one side of a migration, done only when the VM still is as the caller saw it.
   */
  settleVm(argument: _evenkeel_v1_SettleVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SettleVmResponse>): grpc.ClientUnaryCall;
  settleVm(argument: _evenkeel_v1_SettleVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_SettleVmResponse>): grpc.ClientUnaryCall;
  settleVm(argument: _evenkeel_v1_SettleVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_SettleVmResponse>): grpc.ClientUnaryCall;
  settleVm(argument: _evenkeel_v1_SettleVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_SettleVmResponse>): grpc.ClientUnaryCall;
  
  /**
   * Asks the guest to shut down; returns when it was asked, not when it is off.
   */
  ShutdownVm(argument: _evenkeel_v1_ShutdownVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ShutdownVmResponse>): grpc.ClientUnaryCall;
  ShutdownVm(argument: _evenkeel_v1_ShutdownVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ShutdownVmResponse>): grpc.ClientUnaryCall;
  ShutdownVm(argument: _evenkeel_v1_ShutdownVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ShutdownVmResponse>): grpc.ClientUnaryCall;
  ShutdownVm(argument: _evenkeel_v1_ShutdownVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ShutdownVmResponse>): grpc.ClientUnaryCall;
  /**
   * Asks the guest to shut down; returns when it was asked, not when it is off.
   */
  shutdownVm(argument: _evenkeel_v1_ShutdownVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ShutdownVmResponse>): grpc.ClientUnaryCall;
  shutdownVm(argument: _evenkeel_v1_ShutdownVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_ShutdownVmResponse>): grpc.ClientUnaryCall;
  shutdownVm(argument: _evenkeel_v1_ShutdownVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_ShutdownVmResponse>): grpc.ClientUnaryCall;
  shutdownVm(argument: _evenkeel_v1_ShutdownVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_ShutdownVmResponse>): grpc.ClientUnaryCall;
  
  StartVm(argument: _evenkeel_v1_StartVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_StartVmResponse>): grpc.ClientUnaryCall;
  StartVm(argument: _evenkeel_v1_StartVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_StartVmResponse>): grpc.ClientUnaryCall;
  StartVm(argument: _evenkeel_v1_StartVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_StartVmResponse>): grpc.ClientUnaryCall;
  StartVm(argument: _evenkeel_v1_StartVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_StartVmResponse>): grpc.ClientUnaryCall;
  startVm(argument: _evenkeel_v1_StartVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_StartVmResponse>): grpc.ClientUnaryCall;
  startVm(argument: _evenkeel_v1_StartVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_StartVmResponse>): grpc.ClientUnaryCall;
  startVm(argument: _evenkeel_v1_StartVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_StartVmResponse>): grpc.ClientUnaryCall;
  startVm(argument: _evenkeel_v1_StartVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_StartVmResponse>): grpc.ClientUnaryCall;
  
  /**
   * Removes the definition of a VM that is off, and its volumes when asked.
   */
  UndefineVm(argument: _evenkeel_v1_UndefineVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_UndefineVmResponse>): grpc.ClientUnaryCall;
  UndefineVm(argument: _evenkeel_v1_UndefineVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_UndefineVmResponse>): grpc.ClientUnaryCall;
  UndefineVm(argument: _evenkeel_v1_UndefineVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_UndefineVmResponse>): grpc.ClientUnaryCall;
  UndefineVm(argument: _evenkeel_v1_UndefineVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_UndefineVmResponse>): grpc.ClientUnaryCall;
  /**
   * Removes the definition of a VM that is off, and its volumes when asked.
   */
  undefineVm(argument: _evenkeel_v1_UndefineVmRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_UndefineVmResponse>): grpc.ClientUnaryCall;
  undefineVm(argument: _evenkeel_v1_UndefineVmRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_evenkeel_v1_UndefineVmResponse>): grpc.ClientUnaryCall;
  undefineVm(argument: _evenkeel_v1_UndefineVmRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_evenkeel_v1_UndefineVmResponse>): grpc.ClientUnaryCall;
  undefineVm(argument: _evenkeel_v1_UndefineVmRequestInput, callback: grpc.requestCallback<_evenkeel_v1_UndefineVmResponse>): grpc.ClientUnaryCall;
  
}

/**
 * Errors: NOT_FOUND no such VM, ALREADY_EXISTS name or UUID taken, INVALID_ARGUMENT names the field,
 * FAILED_PRECONDITION wrong state (with the cure), UNAVAILABLE libvirt is not reachable,
 * DEADLINE_EXCEEDED outcome unknown: ask again by name.
 */
export interface AgentServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Stops a migration that is still copying; the guest stays on the source.
   */
  AbortMigration: grpc.handleUnaryCall<_evenkeel_v1_AbortMigrationRequest, _evenkeel_v1_AbortMigrationResponseInput>;
  
  /**
   * Asked of the target before a migration: every reason why the VM could not run here.
   */
  CheckTarget: grpc.handleUnaryCall<_evenkeel_v1_CheckTargetRequest, _evenkeel_v1_CheckTargetResponseInput>;
  
  /**
   * Creates volumes, definition and, when asked, starts it. A failure leaves nothing behind.
   */
  CreateVm: grpc.handleUnaryCall<_evenkeel_v1_CreateVmRequest, _evenkeel_v1_CreateVmResponseInput>;
  
  /**
   * Pulls the plug. Refused while the VM migrates.
   */
  DestroyVm: grpc.handleUnaryCall<_evenkeel_v1_DestroyVmRequest, _evenkeel_v1_DestroyVmResponseInput>;
  
  /**
   * The migration is over: the intent is forgotten, others may command the VM again. ABORTED: a later migration of the VM
   * is known here, and nothing is left to be done.
   */
  EndMigration: grpc.handleUnaryCall<_evenkeel_v1_EndMigrationRequest, _evenkeel_v1_EndMigrationResponseInput>;
  
  GetHost: grpc.handleUnaryCall<_evenkeel_v1_GetHostRequest, _evenkeel_v1_GetHostResponseInput>;
  
  /**
   * The VM by UUID or name. Status NOT_FOUND means libvirt itself said that it has none.
   */
  GetVm: grpc.handleUnaryCall<_evenkeel_v1_GetVmRequest, _evenkeel_v1_GetVmResponseInput>;
  
  /**
   * Asked of the target before the source is told: records the intent on disk, refuses commands of others for the VM
   * from now on, and watches over a copy that arrives paused.
   */
  GuardMigration: grpc.handleUnaryCall<_evenkeel_v1_GuardMigrationRequest, _evenkeel_v1_GuardMigrationResponseInput>;
  
  ListVms: grpc.handleUnaryCall<_evenkeel_v1_ListVmsRequest, _evenkeel_v1_ListVmsResponseInput>;
  
  /**
   * Asked of the source. The migration goes on when the stream breaks; calling again with the same
   * migration_id attaches to it and never starts a second one.
   */
  Migrate: grpc.handleServerStreamingCall<_evenkeel_v1_MigrateRequest, _evenkeel_v1_MigrateResponseInput>;
  
  /**
   * What this host shows of the VM now. Records the epoch: lower ones are refused from now on.
   */
  ObserveVm: grpc.handleUnaryCall<_evenkeel_v1_ObserveVmRequest, _evenkeel_v1_ObserveVmResponseInput>;
  
  /**
   * One act on one side of a migration, done only when the VM still is as the caller saw it.
   */
  SettleVm: grpc.handleUnaryCall<_evenkeel_v1_SettleVmRequest, _evenkeel_v1_SettleVmResponseInput>;
  
  /**
   * Asks the guest to shut down; returns when it was asked, not when it is off.
   */
  ShutdownVm: grpc.handleUnaryCall<_evenkeel_v1_ShutdownVmRequest, _evenkeel_v1_ShutdownVmResponseInput>;
  
  StartVm: grpc.handleUnaryCall<_evenkeel_v1_StartVmRequest, _evenkeel_v1_StartVmResponseInput>;
  
  /**
   * Removes the definition of a VM that is off, and its volumes when asked.
   */
  UndefineVm: grpc.handleUnaryCall<_evenkeel_v1_UndefineVmRequest, _evenkeel_v1_UndefineVmResponseInput>;
  
}

export interface AgentServiceDefinition extends grpc.ServiceDefinition {
  AbortMigration: MethodDefinition<_evenkeel_v1_AbortMigrationRequestInput, _evenkeel_v1_AbortMigrationResponseInput, _evenkeel_v1_AbortMigrationRequest, _evenkeel_v1_AbortMigrationResponse>
  CheckTarget: MethodDefinition<_evenkeel_v1_CheckTargetRequestInput, _evenkeel_v1_CheckTargetResponseInput, _evenkeel_v1_CheckTargetRequest, _evenkeel_v1_CheckTargetResponse>
  CreateVm: MethodDefinition<_evenkeel_v1_CreateVmRequestInput, _evenkeel_v1_CreateVmResponseInput, _evenkeel_v1_CreateVmRequest, _evenkeel_v1_CreateVmResponse>
  DestroyVm: MethodDefinition<_evenkeel_v1_DestroyVmRequestInput, _evenkeel_v1_DestroyVmResponseInput, _evenkeel_v1_DestroyVmRequest, _evenkeel_v1_DestroyVmResponse>
  EndMigration: MethodDefinition<_evenkeel_v1_EndMigrationRequestInput, _evenkeel_v1_EndMigrationResponseInput, _evenkeel_v1_EndMigrationRequest, _evenkeel_v1_EndMigrationResponse>
  GetHost: MethodDefinition<_evenkeel_v1_GetHostRequestInput, _evenkeel_v1_GetHostResponseInput, _evenkeel_v1_GetHostRequest, _evenkeel_v1_GetHostResponse>
  GetVm: MethodDefinition<_evenkeel_v1_GetVmRequestInput, _evenkeel_v1_GetVmResponseInput, _evenkeel_v1_GetVmRequest, _evenkeel_v1_GetVmResponse>
  GuardMigration: MethodDefinition<_evenkeel_v1_GuardMigrationRequestInput, _evenkeel_v1_GuardMigrationResponseInput, _evenkeel_v1_GuardMigrationRequest, _evenkeel_v1_GuardMigrationResponse>
  ListVms: MethodDefinition<_evenkeel_v1_ListVmsRequestInput, _evenkeel_v1_ListVmsResponseInput, _evenkeel_v1_ListVmsRequest, _evenkeel_v1_ListVmsResponse>
  Migrate: MethodDefinition<_evenkeel_v1_MigrateRequestInput, _evenkeel_v1_MigrateResponseInput, _evenkeel_v1_MigrateRequest, _evenkeel_v1_MigrateResponse>
  ObserveVm: MethodDefinition<_evenkeel_v1_ObserveVmRequestInput, _evenkeel_v1_ObserveVmResponseInput, _evenkeel_v1_ObserveVmRequest, _evenkeel_v1_ObserveVmResponse>
  SettleVm: MethodDefinition<_evenkeel_v1_SettleVmRequestInput, _evenkeel_v1_SettleVmResponseInput, _evenkeel_v1_SettleVmRequest, _evenkeel_v1_SettleVmResponse>
  ShutdownVm: MethodDefinition<_evenkeel_v1_ShutdownVmRequestInput, _evenkeel_v1_ShutdownVmResponseInput, _evenkeel_v1_ShutdownVmRequest, _evenkeel_v1_ShutdownVmResponse>
  StartVm: MethodDefinition<_evenkeel_v1_StartVmRequestInput, _evenkeel_v1_StartVmResponseInput, _evenkeel_v1_StartVmRequest, _evenkeel_v1_StartVmResponse>
  UndefineVm: MethodDefinition<_evenkeel_v1_UndefineVmRequestInput, _evenkeel_v1_UndefineVmResponseInput, _evenkeel_v1_UndefineVmRequest, _evenkeel_v1_UndefineVmResponse>
}
