// Generated from proto/evenkeel/v1/agent.proto by "npm run generate".
import type * as grpc from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import type { CommitModeInput, CommitMode, HostFactsInput, HostFacts, MigrationCauseInput, MigrationCause, MigrationProgressInput, MigrationProgress, MoveObstacleInput, MoveObstacle, VmMetadataInput, VmMetadata, VmMigrationRoleInput, VmMigrationRole, VmStateInput, VmState, VmStateReasonInput, VmStateReason } from './telemetry.ts';

export interface AbortMigrationRequestInput {
  migrationId?: string;
  vmUuid?: string;
  epoch?: number;
}

export interface AbortMigrationRequest {
  migrationId: string;
  vmUuid: string;
  epoch: number;
}

export interface AbortMigrationResponseInput {
}

export interface AbortMigrationResponse {
}

/**
 * Errors: NOT_FOUND no such VM, ALREADY_EXISTS name or UUID taken, INVALID_ARGUMENT names the field,
 * FAILED_PRECONDITION wrong state (with the cure), UNAVAILABLE libvirt is not reachable,
 * DEADLINE_EXCEEDED outcome unknown: ask again by name.
 */

/**
 * Errors: NOT_FOUND no such VM, ALREADY_EXISTS name or UUID taken, INVALID_ARGUMENT names the field,
 * FAILED_PRECONDITION wrong state (with the cure), UNAVAILABLE libvirt is not reachable,
 * DEADLINE_EXCEEDED outcome unknown: ask again by name.
 */
export interface AgentServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Stops a migration that is still copying; the guest stays on the source.
   */
  AbortMigration: grpc.handleUnaryCall<AbortMigrationRequest, AbortMigrationResponseInput>;

  /**
   * Called on the source before a migration: returns what keeps the VM there, whatever the target. libvirt itself is asked
   * too, by the first phase of a migration that is then given up; the guest does not notice.
   */
  CheckSource: grpc.handleUnaryCall<CheckSourceRequest, CheckSourceResponseInput>;

  /**
   * Called on the target before a migration: returns every reason why the VM could not run there.
   */
  CheckTarget: grpc.handleUnaryCall<CheckTargetRequest, CheckTargetResponseInput>;

  /**
   * Creates volumes and definition, and starts the VM if requested. A failure leaves nothing behind.
   */
  CreateVm: grpc.handleUnaryCall<CreateVmRequest, CreateVmResponseInput>;

  /**
   * Powers the VM off at once. Refused while the VM migrates.
   */
  DestroyVm: grpc.handleUnaryCall<DestroyVmRequest, DestroyVmResponseInput>;

  /**
   * The migration is over: the intent is deleted, and other callers may command the VM again. ABORTED: a later migration
   * of the VM is known here, and nothing is left to do.
   */
  EndMigration: grpc.handleUnaryCall<EndMigrationRequest, EndMigrationResponseInput>;

  /**
   * Says which VMs, active or merely defined, use storage that a new VM would use.
   */
  FindVolumeUsers: grpc.handleUnaryCall<FindVolumeUsersRequest, FindVolumeUsersResponseInput>;

  GetHost: grpc.handleUnaryCall<GetHostRequest, GetHostResponseInput>;

  /**
   * Finds a VM by UUID or name. NOT_FOUND means that libvirt itself said it has none.
   */
  GetVm: grpc.handleUnaryCall<GetVmRequest, GetVmResponseInput>;

  /**
   * Called on the target before the source is ordered: records the intent on disk, refuses other callers' commands for
   * the VM from then on, and watches over a copy that arrives paused.
   */
  GuardMigration: grpc.handleUnaryCall<GuardMigrationRequest, GuardMigrationResponseInput>;

  ListVms: grpc.handleUnaryCall<ListVmsRequest, ListVmsResponseInput>;

  /**
   * Called on the source. The migration continues when the stream breaks; another call with the same
   * migration_id attaches to it and never starts a second one.
   */
  Migrate: grpc.handleServerStreamingCall<MigrateRequest, MigrateResponseInput>;

  /**
   * Reports what this host shows of the VM now. Records the epoch: lower ones are refused from then on.
   */
  ObserveVm: grpc.handleUnaryCall<ObserveVmRequest, ObserveVmResponseInput>;

  /**
   * One act on one side of a migration, done only if the VM is still in the state that the caller saw.
   */
  SettleVm: grpc.handleUnaryCall<SettleVmRequest, SettleVmResponseInput>;

  /**
   * Asks the guest to shut down; returns once it was asked, not once it is off.
   */
  ShutdownVm: grpc.handleUnaryCall<ShutdownVmRequest, ShutdownVmResponseInput>;

  StartVm: grpc.handleUnaryCall<StartVmRequest, StartVmResponseInput>;

  /**
   * Removes the definition of a VM that is off, and its volumes if requested.
   */
  UndefineVm: grpc.handleUnaryCall<UndefineVmRequest, UndefineVmResponseInput>;

}

export interface AgentServiceDefinition extends grpc.ServiceDefinition {
  AbortMigration: MethodDefinition<AbortMigrationRequestInput, AbortMigrationResponseInput, AbortMigrationRequest, AbortMigrationResponse>
  CheckSource: MethodDefinition<CheckSourceRequestInput, CheckSourceResponseInput, CheckSourceRequest, CheckSourceResponse>
  CheckTarget: MethodDefinition<CheckTargetRequestInput, CheckTargetResponseInput, CheckTargetRequest, CheckTargetResponse>
  CreateVm: MethodDefinition<CreateVmRequestInput, CreateVmResponseInput, CreateVmRequest, CreateVmResponse>
  DestroyVm: MethodDefinition<DestroyVmRequestInput, DestroyVmResponseInput, DestroyVmRequest, DestroyVmResponse>
  EndMigration: MethodDefinition<EndMigrationRequestInput, EndMigrationResponseInput, EndMigrationRequest, EndMigrationResponse>
  FindVolumeUsers: MethodDefinition<FindVolumeUsersRequestInput, FindVolumeUsersResponseInput, FindVolumeUsersRequest, FindVolumeUsersResponse>
  GetHost: MethodDefinition<GetHostRequestInput, GetHostResponseInput, GetHostRequest, GetHostResponse>
  GetVm: MethodDefinition<GetVmRequestInput, GetVmResponseInput, GetVmRequest, GetVmResponse>
  GuardMigration: MethodDefinition<GuardMigrationRequestInput, GuardMigrationResponseInput, GuardMigrationRequest, GuardMigrationResponse>
  ListVms: MethodDefinition<ListVmsRequestInput, ListVmsResponseInput, ListVmsRequest, ListVmsResponse>
  Migrate: MethodDefinition<MigrateRequestInput, MigrateResponseInput, MigrateRequest, MigrateResponse>
  ObserveVm: MethodDefinition<ObserveVmRequestInput, ObserveVmResponseInput, ObserveVmRequest, ObserveVmResponse>
  SettleVm: MethodDefinition<SettleVmRequestInput, SettleVmResponseInput, SettleVmRequest, SettleVmResponse>
  ShutdownVm: MethodDefinition<ShutdownVmRequestInput, ShutdownVmResponseInput, ShutdownVmRequest, ShutdownVmResponse>
  StartVm: MethodDefinition<StartVmRequestInput, StartVmResponseInput, StartVmRequest, StartVmResponse>
  UndefineVm: MethodDefinition<UndefineVmRequestInput, UndefineVmResponseInput, UndefineVmRequest, UndefineVmResponse>
}

/**
 * Why a migration to this host would fail, and what to do about it.
 */
export interface CheckRefusalInput {
  causeCode?: MigrationCauseInput;
  reason?: string;
  cure?: string;
}

/**
 * Why a migration to this host would fail, and what to do about it.
 */
export interface CheckRefusal {
  causeCode: MigrationCause;
  reason: string;
  cure: string;
}

export interface CheckSourceRequestInput {
  vmUuid?: string;
}

export interface CheckSourceRequest {
  vmUuid: string;
}

export interface CheckSourceResponseInput {
  /**
   * Empty: nothing keeps the VM on this host.
   */
  obstacles?: MoveObstacleInput[];
  storage?: StorageIdentityInput[];
  /**
   * The CPU of the host as libvirt describes it, if the VM sees it as it is (host-passthrough); else empty.
   */
  hostCpuXml?: string;
}

export interface CheckSourceResponse {
  /**
   * Empty: nothing keeps the VM on this host.
   */
  obstacles: MoveObstacle[];
  storage: StorageIdentity[];
  /**
   * The CPU of the host as libvirt describes it, if the VM sees it as it is (host-passthrough); else empty.
   */
  hostCpuXml: string;
}

export interface CheckTargetRequestInput {
  vmUuid?: string;
  vmName?: string;
  /**
   * The VM's live definition on the source.
   */
  xml?: string;
  sourceHypervisorVersion?: string;
  /**
   * The source will encrypt the copy; the target must support that.
   */
  tls?: boolean;
  /**
   * What the source sees; the target must see the same.
   */
  storage?: StorageIdentityInput[];
  /**
   * The CPU of the source's host, for a VM that sees it as it is. Empty: of another VM, or from an agent that does not tell.
   */
  sourceCpuXml?: string;
}

export interface CheckTargetRequest {
  vmUuid: string;
  vmName: string;
  /**
   * The VM's live definition on the source.
   */
  xml: string;
  sourceHypervisorVersion: string;
  /**
   * The source will encrypt the copy; the target must support that.
   */
  tls: boolean;
  /**
   * What the source sees; the target must see the same.
   */
  storage: StorageIdentity[];
  /**
   * The CPU of the source's host, for a VM that sees it as it is. Empty: of another VM, or from an agent that does not tell.
   */
  sourceCpuXml: string;
}

export interface CheckTargetResponseInput {
  /**
   * A lock held by the running guest was refused here, for every writable disk.
   */
  lockProven?: boolean;
  /**
   * The reason, if not proven.
   */
  lockReason?: string;
  /**
   * This host's wall clock, to compute its offset.
   */
  atMs?: number;
  /**
   * Empty: the VM can run here.
   */
  refusals?: CheckRefusalInput[];
}

export interface CheckTargetResponse {
  /**
   * A lock held by the running guest was refused here, for every writable disk.
   */
  lockProven: boolean;
  /**
   * The reason, if not proven.
   */
  lockReason: string;
  /**
   * This host's wall clock, to compute its offset.
   */
  atMs: number;
  /**
   * Empty: the VM can run here.
   */
  refusals: CheckRefusal[];
}

export interface CreateVmRequestInput {
  spec?: VmSpecInput | null;
  start?: boolean;
}

export interface CreateVmRequest {
  spec: VmSpec | null;
  start: boolean;
}

export interface CreateVmResponseInput {
  vm?: VmInput | null;
}

export interface CreateVmResponse {
  vm: Vm | null;
}

export interface DestroyVmRequestInput {
  vm?: VmRefInput | null;
}

export interface DestroyVmRequest {
  vm: VmRef | null;
}

export interface DestroyVmResponseInput {
  vm?: VmInput | null;
}

export interface DestroyVmResponse {
  vm: Vm | null;
}

export interface DiskSpecInput {
  pool?: string;
  /**
   * A new, empty volume of this size.
   */
  newBytes?: number;
  /**
   * A copy of this volume of the same pool.
   */
  cloneOf?: string;
  /**
   * An existing volume of the pool; it is kept when the VM is removed.
   */
  existing?: string;
  /**
   * For a clone: grow it to this size; 0 keeps the image's size.
   */
  sizeBytes?: number;
  /**
   * For an existing volume: other VMs that say the same may use it too.
   */
  shareable?: boolean;
  'source'?: "newBytes"|"cloneOf"|"existing";
  '_shareable'?: "shareable";
}

export interface DiskSpec {
  pool: string;
  /**
   * A new, empty volume of this size.
   */
  newBytes?: number;
  /**
   * A copy of this volume of the same pool.
   */
  cloneOf?: string;
  /**
   * An existing volume of the pool; it is kept when the VM is removed.
   */
  existing?: string;
  /**
   * For a clone: grow it to this size; 0 keeps the image's size.
   */
  sizeBytes: number;
  /**
   * For an existing volume: other VMs that say the same may use it too.
   */
  shareable?: boolean;
}

export interface EndMigrationRequestInput {
  migrationId?: string;
  epoch?: number;
  vmUuid?: string;
}

export interface EndMigrationRequest {
  migrationId: string;
  epoch: number;
  vmUuid: string;
}

export interface EndMigrationResponseInput {
}

export interface EndMigrationResponse {
}

export interface FindVolumeUsersRequestInput {
  uses?: StorageUseInput[];
  /**
   * The new VM would run on this host: its names are looked up here, and backing files are added.
   */
  here?: boolean;
}

export interface FindVolumeUsersRequest {
  uses: StorageUse[];
  /**
   * The new VM would run on this host: its names are looked up here, and backing files are added.
   */
  here: boolean;
}

export interface FindVolumeUsersResponseInput {
  /**
   * With `here`: what is behind the names that this host knows.
   */
  uses?: StorageUseInput[];
  users?: VolumeUserInput[];
}

export interface FindVolumeUsersResponse {
  /**
   * With `here`: what is behind the names that this host knows.
   */
  uses: StorageUse[];
  users: VolumeUser[];
}

export const Firmware = {
  FIRMWARE_UNSPECIFIED: 'FIRMWARE_UNSPECIFIED',
  FIRMWARE_BIOS: 'FIRMWARE_BIOS',
  FIRMWARE_UEFI: 'FIRMWARE_UEFI',
} as const;

export type FirmwareInput =
  | 'FIRMWARE_UNSPECIFIED'
  | 'FIRMWARE_BIOS'
  | 'FIRMWARE_UEFI'

export type Firmware = typeof Firmware[keyof typeof Firmware]

export interface GetHostRequestInput {
  /**
   * Look at the host again; without it the facts are those of the last report, up to a minute old.
   */
  fresh?: boolean;
}

export interface GetHostRequest {
  /**
   * Look at the host again; without it the facts are those of the last report, up to a minute old.
   */
  fresh: boolean;
}

export interface GetHostResponseInput {
  hostId?: string;
  hostName?: string;
  facts?: HostFactsInput | null;
}

export interface GetHostResponse {
  hostId: string;
  hostName: string;
  facts: HostFacts | null;
}

export interface GetVmRequestInput {
  vm?: VmRefInput | null;
  includeXml?: boolean;
}

export interface GetVmRequest {
  vm: VmRef | null;
  includeXml: boolean;
}

export interface GetVmResponseInput {
  vm?: VmInput | null;
  /**
   * The live definition without secrets, if requested.
   */
  xml?: string;
}

export interface GetVmResponse {
  vm: Vm | null;
  /**
   * The live definition without secrets, if requested.
   */
  xml: string;
}

export interface GuardMigrationRequestInput {
  migrationId?: string;
  epoch?: number;
  vmUuid?: string;
  vmName?: string;
  commitMode?: CommitModeInput;
  memoryBytes?: number;
  /**
   * The agent that the target asks before it resumes a paused copy by itself when no scheduler responds.
   */
  sourceHostId?: string;
  sourceAgentAddress?: string;
  sourceCertificateSha256?: string;
  /**
   * The VM starts with its host: once it has arrived and the migration ends, it starts with the target. libvirt's migration
   * leaves that behind.
   */
  autostart?: boolean;
}

export interface GuardMigrationRequest {
  migrationId: string;
  epoch: number;
  vmUuid: string;
  vmName: string;
  commitMode: CommitMode;
  memoryBytes: number;
  /**
   * The agent that the target asks before it resumes a paused copy by itself when no scheduler responds.
   */
  sourceHostId: string;
  sourceAgentAddress: string;
  sourceCertificateSha256: string;
  /**
   * The VM starts with its host: once it has arrived and the migration ends, it starts with the target. libvirt's migration
   * leaves that behind.
   */
  autostart: boolean;
}

export interface GuardMigrationResponseInput {
  /**
   * The host already had a definition of the VM.
   */
  definedBefore?: boolean;
}

export interface GuardMigrationResponse {
  /**
   * The host already had a definition of the VM.
   */
  definedBefore: boolean;
}

/**
 * Storage of a VM that was to be deleted with it, or that its disks build on, and is still there.
 */
export interface KeptVolumeInput {
  /**
   * "pool/volume", or the path of what is in no storage pool.
   */
  volume?: string;
  reason?: string;
}

/**
 * Storage of a VM that was to be deleted with it, or that its disks build on, and is still there.
 */
export interface KeptVolume {
  /**
   * "pool/volume", or the path of what is in no storage pool.
   */
  volume: string;
  reason: string;
}

export interface ListVmsRequestInput {
}

export interface ListVmsRequest {
}

export interface ListVmsResponseInput {
  vms?: VmInput[];
}

export interface ListVmsResponse {
  vms: Vm[];
}

export interface MigrateRequestInput {
  migrationId?: string;
  epoch?: number;
  vmUuid?: string;
  targetHostId?: string;
  targetLibvirtUri?: string;
  targetMigrateUri?: string;
  /**
   * Bandwidth cap of the copy; must not be 0, since libvirt's own default is no cap at all.
   */
  bandwidthBytesPerSecond?: number;
  downtimeMaxMs?: number;
  /**
   * The copy is aborted after this time; the guest then stays on the source.
   */
  timeoutMs?: number;
  commitMode?: CommitModeInput;
  /**
   * Slow the guest down when it changes memory faster than the copy can follow.
   */
  autoConverge?: boolean;
  /**
   * Switch over early when nothing else helps; only if the VM's rules allow it.
   */
  postCopy?: boolean;
}

export interface MigrateRequest {
  migrationId: string;
  epoch: number;
  vmUuid: string;
  targetHostId: string;
  targetLibvirtUri: string;
  targetMigrateUri: string;
  /**
   * Bandwidth cap of the copy; must not be 0, since libvirt's own default is no cap at all.
   */
  bandwidthBytesPerSecond: number;
  downtimeMaxMs: number;
  /**
   * The copy is aborted after this time; the guest then stays on the source.
   */
  timeoutMs: number;
  commitMode: CommitMode;
  /**
   * Slow the guest down when it changes memory faster than the copy can follow.
   */
  autoConverge: boolean;
  /**
   * Switch over early when nothing else helps; only if the VM's rules allow it.
   */
  postCopy: boolean;
}

export interface MigrateResponseInput {
  progress?: MigrationProgressInput | null;
  result?: MigrateResultInput | null;
  'kind'?: "progress"|"result";
}

export interface MigrateResponse {
  progress?: MigrationProgress | null;
  result?: MigrateResult | null;
}

/**
 * The result of libvirt's call on the source. Not yet the outcome, which follows from what both hosts show.
 */
export interface MigrateResultInput {
  ok?: boolean;
  message?: string;
  progress?: MigrationProgressInput | null;
  /**
   * Set when not ok.
   */
  causeCode?: MigrationCauseInput;
}

/**
 * The result of libvirt's call on the source. Not yet the outcome, which follows from what both hosts show.
 */
export interface MigrateResult {
  ok: boolean;
  message: string;
  progress: MigrationProgress | null;
  /**
   * Set when not ok.
   */
  causeCode: MigrationCause;
}

export interface NicSpecInput {
  /**
   * A Linux or Open vSwitch bridge of the host.
   */
  bridge?: string;
  network?: string;
  /**
   * Empty: a random address under 52:54:00.
   */
  mac?: string;
  /**
   * An interface of the host that gets a macvtap in bridge mode.
   */
  macvtap?: string;
  /**
   * Of the network; its default when absent.
   */
  portgroup?: string;
  /**
   * On a bridge that knows VLANs.
   */
  vlan?: number;
  'attach'?: "bridge"|"network"|"macvtap";
  '_portgroup'?: "portgroup";
  '_vlan'?: "vlan";
}

export interface NicSpec {
  /**
   * A Linux or Open vSwitch bridge of the host.
   */
  bridge?: string;
  network?: string;
  /**
   * Empty: a random address under 52:54:00.
   */
  mac: string;
  /**
   * An interface of the host that gets a macvtap in bridge mode.
   */
  macvtap?: string;
  /**
   * Of the network; its default when absent.
   */
  portgroup?: string;
  /**
   * On a bridge that knows VLANs.
   */
  vlan?: number;
}

export interface ObserveVmRequestInput {
  migrationId?: string;
  epoch?: number;
  vmUuid?: string;
}

export interface ObserveVmRequest {
  migrationId: string;
  epoch: number;
  vmUuid: string;
}

export interface ObserveVmResponseInput {
  /**
   * State, role and size of the VM, to decide which host owns the guest; without its definition. Absent when libvirt
   * itself said that it has no such VM.
   */
  vm?: VmInput | null;
  /**
   * The migration whose intent this host holds for the VM; empty if none.
   */
  migrationId?: string;
  '_vm'?: "vm";
}

export interface ObserveVmResponse {
  /**
   * State, role and size of the VM, to decide which host owns the guest; without its definition. Absent when libvirt
   * itself said that it has no such VM.
   */
  vm?: Vm | null;
  /**
   * The migration whose intent this host holds for the VM; empty if none.
   */
  migrationId: string;
}

export const OsFamily = {
  OS_FAMILY_UNSPECIFIED: 'OS_FAMILY_UNSPECIFIED',
  OS_FAMILY_LINUX: 'OS_FAMILY_LINUX',
  OS_FAMILY_WINDOWS: 'OS_FAMILY_WINDOWS',
  OS_FAMILY_OTHER: 'OS_FAMILY_OTHER',
} as const;

export type OsFamilyInput =
  | 'OS_FAMILY_UNSPECIFIED'
  | 'OS_FAMILY_LINUX'
  | 'OS_FAMILY_WINDOWS'
  | 'OS_FAMILY_OTHER'

export type OsFamily = typeof OsFamily[keyof typeof OsFamily]

export const SettleAct = {
  SETTLE_ACT_UNSPECIFIED: 'SETTLE_ACT_UNSPECIFIED',
  SETTLE_ACT_RESUME: 'SETTLE_ACT_RESUME',
  SETTLE_ACT_SUSPEND: 'SETTLE_ACT_SUSPEND',
  SETTLE_ACT_DESTROY: 'SETTLE_ACT_DESTROY',
  /**
   * Removes the definition; never volumes.
   */
  SETTLE_ACT_UNDEFINE: 'SETTLE_ACT_UNDEFINE',
} as const;

export type SettleActInput =
  | 'SETTLE_ACT_UNSPECIFIED'
  | 'SETTLE_ACT_RESUME'
  | 'SETTLE_ACT_SUSPEND'
  | 'SETTLE_ACT_DESTROY'
  /**
   * Removes the definition; never volumes.
   */
  | 'SETTLE_ACT_UNDEFINE'

export type SettleAct = typeof SettleAct[keyof typeof SettleAct]

export interface SettleVmRequestInput {
  migrationId?: string;
  epoch?: number;
  vmUuid?: string;
  act?: SettleActInput;
  /**
   * The state that the caller saw; if it differs now, FAILED_PRECONDITION and nothing is done.
   */
  expectedState?: VmStateInput;
  expectedLibvirtId?: number;
  expectedStateReason?: VmStateReasonInput;
}

export interface SettleVmRequest {
  migrationId: string;
  epoch: number;
  vmUuid: string;
  act: SettleAct;
  /**
   * The state that the caller saw; if it differs now, FAILED_PRECONDITION and nothing is done.
   */
  expectedState: VmState;
  expectedLibvirtId: number;
  expectedStateReason: VmStateReason;
}

export interface SettleVmResponseInput {
  /**
   * The VM after the act; absent if it is gone.
   */
  vm?: VmInput | null;
  '_vm'?: "vm";
}

export interface SettleVmResponse {
  /**
   * The VM after the act; absent if it is gone.
   */
  vm?: Vm | null;
}

export interface ShutdownVmRequestInput {
  vm?: VmRefInput | null;
}

export interface ShutdownVmRequest {
  vm: VmRef | null;
}

export interface ShutdownVmResponseInput {
  vm?: VmInput | null;
}

export interface ShutdownVmResponse {
  vm: Vm | null;
}

export interface StartVmRequestInput {
  vm?: VmRefInput | null;
}

export interface StartVmRequest {
  vm: VmRef | null;
}

export interface StartVmResponseInput {
  vm?: VmInput | null;
}

export interface StartVmResponse {
  vm: Vm | null;
}

/**
 * What is behind a path on one host: on another host with the same storage it is the same text.
 */
export interface StorageIdentityInput {
  /**
   * The path in the VM's definition, or POOL/VOLUME.
   */
  source?: string;
  identity?: string;
}

/**
 * What is behind a path on one host: on another host with the same storage it is the same text.
 */
export interface StorageIdentity {
  /**
   * The path in the VM's definition, or POOL/VOLUME.
   */
  source: string;
  identity: string;
}

/**
 * What a new VM would do with a volume, or with a file outside of pools.
 */
export interface StorageUseInput {
  /**
   * As the specification names it; empty for a path.
   */
  pool?: string;
  volume?: string;
  /**
   * The rest is as the host of the new VM sees it: the path, or the source of a network disk.
   */
  path?: string;
  /**
   * libvirt's key of the volume.
   */
  key?: string;
  /**
   * See StorageIdentity; empty when nothing identifies it.
   */
  identity?: string;
  /**
   * False for what is only read: backing files, installation images.
   */
  writes?: boolean;
  shareable?: boolean;
  /**
   * On a file system that only its own host mounts, unless that host exports it.
   */
  local?: boolean;
  /**
   * The field of the specification: "disks[0].existing".
   */
  field?: string;
}

/**
 * What a new VM would do with a volume, or with a file outside of pools.
 */
export interface StorageUse {
  /**
   * As the specification names it; empty for a path.
   */
  pool: string;
  volume: string;
  /**
   * The rest is as the host of the new VM sees it: the path, or the source of a network disk.
   */
  path: string;
  /**
   * libvirt's key of the volume.
   */
  key: string;
  /**
   * See StorageIdentity; empty when nothing identifies it.
   */
  identity: string;
  /**
   * False for what is only read: backing files, installation images.
   */
  writes: boolean;
  shareable: boolean;
  /**
   * On a file system that only its own host mounts, unless that host exports it.
   */
  local: boolean;
  /**
   * The field of the specification: "disks[0].existing".
   */
  field: string;
}

export interface UndefineVmRequestInput {
  vm?: VmRefInput | null;
  /**
   * Also delete the volumes that were created for the VM.
   */
  deleteVolumes?: boolean;
  /**
   * The scheduler has asked every host that it knows, and none but this one has the VM.
   */
  absentElsewhere?: boolean;
}

export interface UndefineVmRequest {
  vm: VmRef | null;
  /**
   * Also delete the volumes that were created for the VM.
   */
  deleteVolumes: boolean;
  /**
   * The scheduler has asked every host that it knows, and none but this one has the VM.
   */
  absentElsewhere: boolean;
}

export interface UndefineVmResponseInput {
  /**
   * As "pool/volume".
   */
  deletedVolumes?: string[];
  keptVolumes?: KeptVolumeInput[];
}

export interface UndefineVmResponse {
  /**
   * As "pool/volume".
   */
  deletedVolumes: string[];
  keptVolumes: KeptVolume[];
}

/**
 * A VM as libvirt reports it on one host now.
 */
export interface VmInput {
  uuid?: string;
  name?: string;
  /**
   * -1 when not active.
   */
  libvirtId?: number;
  state?: VmStateInput;
  persistent?: boolean;
  /**
   * Set while a migration job runs on it, out or in.
   */
  migrationRole?: VmMigrationRoleInput;
  vcpus?: number;
  memoryMaxBytes?: number;
  metadata?: VmMetadataInput | null;
  disks?: VmDiskInput[];
  nics?: VmNicInput[];
  /**
   * "127.0.0.1:5900"; empty when the VM is off or has no console.
   */
  vncAddress?: string;
  machineType?: string;
  osFamily?: string;
  firmware?: string;
  observedAtMs?: number;
  /**
   * Its QEMU process has ended at the end of a copy, but libvirt still reports it: the VM cannot run here.
   */
  processEnded?: boolean;
  stateReason?: VmStateReasonInput;
  /**
   * libvirt starts it with the host.
   */
  autostart?: boolean;
  /**
   * Elements by which its definition speaks to QEMU itself ("qemu:commandline"): no check knows what they do.
   */
  qemuElements?: string[];
  /**
   * Of every kind, vnc_address among them.
   */
  consoles?: VmConsoleInput[];
  secureBoot?: boolean;
  /**
   * Emulated or the host's.
   */
  tpm?: boolean;
}

/**
 * A VM as libvirt reports it on one host now.
 */
export interface Vm {
  uuid: string;
  name: string;
  /**
   * -1 when not active.
   */
  libvirtId: number;
  state: VmState;
  persistent: boolean;
  /**
   * Set while a migration job runs on it, out or in.
   */
  migrationRole: VmMigrationRole;
  vcpus: number;
  memoryMaxBytes: number;
  metadata: VmMetadata | null;
  disks: VmDisk[];
  nics: VmNic[];
  /**
   * "127.0.0.1:5900"; empty when the VM is off or has no console.
   */
  vncAddress: string;
  machineType: string;
  osFamily: string;
  firmware: string;
  observedAtMs: number;
  /**
   * Its QEMU process has ended at the end of a copy, but libvirt still reports it: the VM cannot run here.
   */
  processEnded: boolean;
  stateReason: VmStateReason;
  /**
   * libvirt starts it with the host.
   */
  autostart: boolean;
  /**
   * Elements by which its definition speaks to QEMU itself ("qemu:commandline"): no check knows what they do.
   */
  qemuElements: string[];
  /**
   * Of every kind, vnc_address among them.
   */
  consoles: VmConsole[];
  secureBoot: boolean;
  /**
   * Emulated or the host's.
   */
  tpm: boolean;
}

export interface VmConsoleInput {
  /**
   * vnc, spice, spice-tls, rdp.
   */
  kind?: string;
  /**
   * "127.0.0.1:5900", or the path of a socket.
   */
  address?: string;
}

export interface VmConsole {
  /**
   * vnc, spice, spice-tls, rdp.
   */
  kind: string;
  /**
   * "127.0.0.1:5900", or the path of a socket.
   */
  address: string;
}

export interface VmDiskInput {
  device?: string;
  source?: string;
  pool?: string;
  volume?: string;
  format?: string;
  cdrom?: boolean;
  capacityBytes?: number;
}

export interface VmDisk {
  device: string;
  source: string;
  pool: string;
  volume: string;
  format: string;
  cdrom: boolean;
  capacityBytes: number;
}

export interface VmNicInput {
  mac?: string;
  bridge?: string;
  network?: string;
  /**
   * libvirt's type: bridge, network, direct (macvtap), user, ethernet, hostdev…
   */
  kind?: string;
  /**
   * The interface of the host below a macvtap, and its mode: bridge, vepa, private, passthrough.
   */
  device?: string;
  macvtapMode?: string;
  /**
   * The type of its port profile, such as openvswitch.
   */
  virtualPort?: string;
  /**
   * Of its network.
   */
  portgroup?: string;
  /**
   * More than one on a trunk.
   */
  vlans?: number[];
}

export interface VmNic {
  mac: string;
  bridge: string;
  network: string;
  /**
   * libvirt's type: bridge, network, direct (macvtap), user, ethernet, hostdev…
   */
  kind: string;
  /**
   * The interface of the host below a macvtap, and its mode: bridge, vepa, private, passthrough.
   */
  device: string;
  macvtapMode: string;
  /**
   * The type of its port profile, such as openvswitch.
   */
  virtualPort: string;
  /**
   * Of its network.
   */
  portgroup: string;
  /**
   * More than one on a trunk.
   */
  vlans: number[];
}

export interface VmRefInput {
  uuid?: string;
  name?: string;
  'by'?: "uuid"|"name";
}

export interface VmRef {
  uuid?: string;
  name?: string;
}

/**
 * The VM that an operator wants.
 */
export interface VmSpecInput {
  /**
   * Letters, digits, '.', '_' and '-', starting with a letter or digit, at most 63.
   */
  name?: string;
  vcpus?: number;
  memoryBytes?: number;
  disks?: DiskSpecInput[];
  /**
   * Path of an installation image, or "pool/volume"; empty for none.
   */
  iso?: string;
  nics?: NicSpecInput[];
  firmware?: FirmwareInput;
  osFamily?: OsFamilyInput;
  metadata?: VmMetadataInput | null;
  /**
   * No VNC console; the default is one on loopback.
   */
  headless?: boolean;
}

/**
 * The VM that an operator wants.
 */
export interface VmSpec {
  /**
   * Letters, digits, '.', '_' and '-', starting with a letter or digit, at most 63.
   */
  name: string;
  vcpus: number;
  memoryBytes: number;
  disks: DiskSpec[];
  /**
   * Path of an installation image, or "pool/volume"; empty for none.
   */
  iso: string;
  nics: NicSpec[];
  firmware: Firmware;
  osFamily: OsFamily;
  metadata: VmMetadata | null;
  /**
   * No VNC console; the default is one on loopback.
   */
  headless: boolean;
}

/**
 * A VM with one of the storages in a way that excludes the new VM.
 */
export interface VolumeUserInput {
  vmUuid?: string;
  vmName?: string;
  /**
   * Its disk.
   */
  device?: string;
  /**
   * Of the StorageUse.
   */
  field?: string;
  path?: string;
}

/**
 * A VM with one of the storages in a way that excludes the new VM.
 */
export interface VolumeUser {
  vmUuid: string;
  vmName: string;
  /**
   * Its disk.
   */
  device: string;
  /**
   * Of the StorageUse.
   */
  field: string;
  path: string;
}
