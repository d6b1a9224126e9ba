// Generated from proto/evenkeel/v1/telemetry.proto by "npm run generate".

/**
 * How the agent itself fares. Counters count from the agent's start.
 */
export interface AgentStatusInput {
  reportsPublished?: number;
  /**
   * Samples (one for the host and one for each counted VM) in the reports that JetStream acknowledged.
   */
  samplesPublished?: number;
  /**
   * Reports lost because the buffer was full.
   */
  reportsDropped?: number;
  reportsBuffered?: number;
  /**
   * How long collecting this report took.
   */
  sampleDurationMs?: number;
  stuckVms?: number;
}

/**
 * How the agent itself fares. Counters count from the agent's start.
 */
export interface AgentStatus {
  reportsPublished: number;
  /**
   * Samples (one for the host and one for each counted VM) in the reports that JetStream acknowledged.
   */
  samplesPublished: number;
  /**
   * Reports lost because the buffer was full.
   */
  reportsDropped: number;
  reportsBuffered: number;
  /**
   * How long collecting this report took.
   */
  sampleDurationMs: number;
  stuckVms: number;
}

/**
 * What makes sure that only one copy runs when the last reply of libvirt is lost.
 */
export const CommitMode = {
  COMMIT_MODE_UNSPECIFIED: 'COMMIT_MODE_UNSPECIFIED',
  /**
   * A lock on every writable disk, seen to be refused on the target while the guest runs on the source.
   */
  COMMIT_MODE_LOCK: 'COMMIT_MODE_LOCK',
  /**
   * The copy arrives paused and is resumed only once the source is proven to have let go.
   */
  COMMIT_MODE_PAUSED: 'COMMIT_MODE_PAUSED',
} as const;

/**
 * What makes sure that only one copy runs when the last reply of libvirt is lost.
 */
export type CommitModeInput =
  | 'COMMIT_MODE_UNSPECIFIED'
  /**
   * A lock on every writable disk, seen to be refused on the target while the guest runs on the source.
   */
  | 'COMMIT_MODE_LOCK'
  /**
   * The copy arrives paused and is resumed only once the source is proven to have let go.
   */
  | 'COMMIT_MODE_PAUSED'

/**
 * What makes sure that only one copy runs when the last reply of libvirt is lost.
 */
export type CommitMode = typeof CommitMode[keyof typeof CommitMode]

/**
 * What the planner decided about one host or VM, and why.
 */
export interface DecisionInput {
  decisionId?: string;
  atMs?: number;
  hostId?: string;
  hostName?: string;
  mode?: ModeInput;
  /**
   * Why the host counts as hot, with the samples that show it.
   */
  evidence?: string[];
  /**
   * Set when a VM should move.
   */
  move?: MoveInput | null;
  /**
   * Why no VM moves, when move is absent.
   */
  noMoveReason?: string;
  /**
   * Every VM and host that was looked at and refused.
   */
  refusals?: RefusalInput[];
  overloadedSinceMs?: number;
  /**
   * One word for no_move_reason, stable for scripts: "no_gain", "no_room", "frozen", "observing", "moving", ...
   */
  noMoveCode?: string;
  /**
   * What made the planner look: "hot_host", "maintenance", "rule", "make_room", "consolidation", ...
   */
  trigger?: string;
  /**
   * The record that this decision can be replayed from; empty when none was kept.
   */
  recordId?: string;
  '_move'?: "move";
}

/**
 * What the planner decided about one host or VM, and why.
 */
export interface Decision {
  decisionId: string;
  atMs: number;
  hostId: string;
  hostName: string;
  mode: Mode;
  /**
   * Why the host counts as hot, with the samples that show it.
   */
  evidence: string[];
  /**
   * Set when a VM should move.
   */
  move?: Move | null;
  /**
   * Why no VM moves, when move is absent.
   */
  noMoveReason: string;
  /**
   * Every VM and host that was looked at and refused.
   */
  refusals: Refusal[];
  overloadedSinceMs: number;
  /**
   * One word for no_move_reason, stable for scripts: "no_gain", "no_room", "frozen", "observing", "moving", ...
   */
  noMoveCode: string;
  /**
   * What made the planner look: "hot_host", "maintenance", "rule", "make_room", "consolidation", ...
   */
  trigger: string;
  /**
   * The record that this decision can be replayed from; empty when none was kept.
   */
  recordId: string;
}

export interface DiskSampleInput {
  /**
   * Target device in the guest, for example "vda".
   */
  device?: string;
  readBytes?: number;
  writeBytes?: number;
  readRequests?: number;
  writeRequests?: number;
  readBytesPerSecond?: number;
  writeBytesPerSecond?: number;
  readRequestsPerSecond?: number;
  writeRequestsPerSecond?: number;
  /**
   * Mean time of one request in the last interval; absent when there was none.
   */
  readLatencyMs?: number;
  writeLatencyMs?: number;
  capacityBytes?: number;
  allocationBytes?: number;
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
  device: string;
  readBytes: number;
  writeBytes: number;
  readRequests: number;
  writeRequests: number;
  readBytesPerSecond?: number;
  writeBytesPerSecond?: number;
  readRequestsPerSecond?: number;
  writeRequestsPerSecond?: number;
  /**
   * Mean time of one request in the last interval; absent when there was none.
   */
  readLatencyMs?: number;
  writeLatencyMs?: number;
  capacityBytes: number;
  allocationBytes: number;
}

/**
 * Something that happened, published to evenkeel.v1.events.<host_id> (of the source host for a migration).
 */
export interface EventInput {
  eventId?: string;
  atMs?: number;
  migration?: MigrationInput | null;
  decision?: DecisionInput | null;
  shadow?: ShadowComparisonInput | null;
  'kind'?: "migration"|"decision"|"shadow";
}

/**
 * Something that happened, published to evenkeel.v1.events.<host_id> (of the source host for a migration).
 */
export interface Event {
  eventId: string;
  atMs: number;
  migration?: Migration | null;
  decision?: Decision | null;
  shadow?: ShadowComparison | null;
}

/**
 * What a host is. Sent with every report, so that a host joins by its first one.
 */
export interface HostFactsInput {
  /**
   * Where the agent serves gRPC, "address:port", as seen by the scheduler.
   */
  agentAddress?: string;
  /**
   * SHA-256 of the agent's certificate in DER, lower-case hex; empty without TLS.
   */
  certificateSha256?: string;
  agentVersion?: string;
  libvirtVersion?: string;
  hypervisorVersion?: string;
  /**
   * libvirt's URI of this host as its peers dial it, for example "qemu+tls://10.0.0.11/system".
   */
  libvirtUri?: string;
  /**
   * Where QEMU listens for an incoming migration, for example "tcp://10.0.0.11".
   */
  migrateUri?: string;
  cpuCores?: number;
  memoryBytes?: number;
  cpuModel?: string;
  architecture?: string;
  /**
   * Active storage pools, active virtual networks, and bridges of the host.
   */
  pools?: string[];
  networks?: string[];
  bridges?: string[];
}

/**
 * What a host is. Sent with every report, so that a host joins by its first one.
 */
export interface HostFacts {
  /**
   * Where the agent serves gRPC, "address:port", as seen by the scheduler.
   */
  agentAddress: string;
  /**
   * SHA-256 of the agent's certificate in DER, lower-case hex; empty without TLS.
   */
  certificateSha256: string;
  agentVersion: string;
  libvirtVersion: string;
  hypervisorVersion: string;
  /**
   * libvirt's URI of this host as its peers dial it, for example "qemu+tls://10.0.0.11/system".
   */
  libvirtUri: string;
  /**
   * Where QEMU listens for an incoming migration, for example "tcp://10.0.0.11".
   */
  migrateUri: string;
  cpuCores: number;
  memoryBytes: number;
  cpuModel: string;
  architecture: string;
  /**
   * Active storage pools, active virtual networks, and bridges of the host.
   */
  pools: string[];
  networks: string[];
  bridges: string[];
}

/**
 * One tick of one host. Published to evenkeel.v1.samples.<host_id> with
 * Nats-Msg-Id "<host_id>:<boot_id>:<sequence>", so that a retry is no duplicate.
 */
export interface HostReportInput {
  /**
   * libvirt's host UUID; the name is data and may change.
   */
  hostId?: string;
  hostName?: string;
  /**
   * Made anew each time the agent starts; sequence counts from 1 within it.
   */
  bootId?: string;
  sequence?: number;
  /**
   * Wall time of the tick this report stands for, a multiple of interval_ms.
   */
  tickAtMs?: number;
  intervalMs?: number;
  facts?: HostFactsInput | null;
  host?: HostSampleInput | null;
  /**
   * All active VMs of the host when vms_complete, else those that answered.
   */
  vms?: VmSampleInput[];
  /**
   * False when libvirt did not answer: a VM that is not listed is then unknown, not absent.
   */
  vmsComplete?: boolean;
  agent?: AgentStatusInput | null;
}

/**
 * One tick of one host. Published to evenkeel.v1.samples.<host_id> with
 * Nats-Msg-Id "<host_id>:<boot_id>:<sequence>", so that a retry is no duplicate.
 */
export interface HostReport {
  /**
   * libvirt's host UUID; the name is data and may change.
   */
  hostId: string;
  hostName: string;
  /**
   * Made anew each time the agent starts; sequence counts from 1 within it.
   */
  bootId: string;
  sequence: number;
  /**
   * Wall time of the tick this report stands for, a multiple of interval_ms.
   */
  tickAtMs: number;
  intervalMs: number;
  facts: HostFacts | null;
  host: HostSample | null;
  /**
   * All active VMs of the host when vms_complete, else those that answered.
   */
  vms: VmSample[];
  /**
   * False when libvirt did not answer: a VM that is not listed is then unknown, not absent.
   */
  vmsComplete: boolean;
  agent: AgentStatus | null;
}

/**
 * Load of the whole host. Ratios are 0 to 1. A field that is absent was not measured: it is not zero.
 */
export interface HostSampleInput {
  cpuCores?: number;
  cpuUsedCores?: number;
  /**
   * Used cores plus what the host's VMs waited for on its run queues.
   */
  cpuDemandCores?: number;
  cpuStealCores?: number;
  cpuIowaitCores?: number;
  memoryBytes?: number;
  memoryAvailableBytes?: number;
  swapInBytesPerSecond?: number;
  cpuPressureRatio?: number;
  memoryPressureRatio?: number;
  memoryFullPressureRatio?: number;
  ioPressureRatio?: number;
  load1?: number;
  load5?: number;
  load15?: number;
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
  cpuCores: number;
  cpuUsedCores?: number;
  /**
   * Used cores plus what the host's VMs waited for on its run queues.
   */
  cpuDemandCores?: number;
  cpuStealCores?: number;
  cpuIowaitCores?: number;
  memoryBytes: number;
  memoryAvailableBytes: number;
  swapInBytesPerSecond?: number;
  cpuPressureRatio?: number;
  memoryPressureRatio?: number;
  memoryFullPressureRatio?: number;
  ioPressureRatio?: number;
  load1: number;
  load5: number;
  load15: number;
}

export const MemoryUsedSource = {
  MEMORY_USED_SOURCE_UNSPECIFIED: 'MEMORY_USED_SOURCE_UNSPECIFIED',
  /**
   * available - usable of the balloon driver.
   */
  MEMORY_USED_SOURCE_BALLOON_USABLE: 'MEMORY_USED_SOURCE_BALLOON_USABLE',
  /**
   * available - unused of the balloon driver; counts the guest's page cache as used.
   */
  MEMORY_USED_SOURCE_BALLOON_UNUSED: 'MEMORY_USED_SOURCE_BALLOON_UNUSED',
  /**
   * Resident memory of the QEMU process; the guest did not tell.
   */
  MEMORY_USED_SOURCE_RSS: 'MEMORY_USED_SOURCE_RSS',
} as const;

export type MemoryUsedSourceInput =
  | 'MEMORY_USED_SOURCE_UNSPECIFIED'
  /**
   * available - usable of the balloon driver.
   */
  | 'MEMORY_USED_SOURCE_BALLOON_USABLE'
  /**
   * available - unused of the balloon driver; counts the guest's page cache as used.
   */
  | 'MEMORY_USED_SOURCE_BALLOON_UNUSED'
  /**
   * Resident memory of the QEMU process; the guest did not tell.
   */
  | 'MEMORY_USED_SOURCE_RSS'

export type MemoryUsedSource = typeof MemoryUsedSource[keyof typeof MemoryUsedSource]

/**
 * The execution of a move.
 */
export interface MigrationInput {
  migrationId?: string;
  /**
   * Grows with each migration of the VM and each change of the scheduler that leads it; an agent refuses a lower one
   * than it has seen.
   */
  epoch?: number;
  vmUuid?: string;
  vmName?: string;
  sourceHostId?: string;
  sourceHostName?: string;
  targetHostId?: string;
  targetHostName?: string;
  /**
   * The decision that ordered it; empty when a person did.
   */
  decisionId?: string;
  state?: MigrationStateInput;
  queuedAtMs?: number;
  startedAtMs?: number;
  endedAtMs?: number;
  /**
   * Set in a terminal state: what both hosts showed, in words.
   */
  outcome?: string;
  /**
   * Set when not succeeded, for example "dst_unreachable".
   */
  causeCode?: string;
  progress?: MigrationProgressInput | null;
  commitMode?: CommitModeInput;
  forecast?: MigrationForecastInput | null;
  /**
   * Held on the target, from admission to the end.
   */
  reservedMemoryBytes?: number;
  bandwidthBytesPerSecond?: number;
  /**
   * The host must be emptied: the guest may be slowed down so that the copy ends (auto-converge).
   */
  evacuation?: boolean;
  /**
   * The target had a definition of the VM before, which therefore is not this migration's to sweep.
   */
  definedOnTargetBefore?: boolean;
  /**
   * When the present state was entered.
   */
  stateSinceMs?: number;
}

/**
 * The execution of a move.
 */
export interface Migration {
  migrationId: string;
  /**
   * Grows with each migration of the VM and each change of the scheduler that leads it; an agent refuses a lower one
   * than it has seen.
   */
  epoch: number;
  vmUuid: string;
  vmName: string;
  sourceHostId: string;
  sourceHostName: string;
  targetHostId: string;
  targetHostName: string;
  /**
   * The decision that ordered it; empty when a person did.
   */
  decisionId: string;
  state: MigrationState;
  queuedAtMs: number;
  startedAtMs: number;
  endedAtMs: number;
  /**
   * Set in a terminal state: what both hosts showed, in words.
   */
  outcome: string;
  /**
   * Set when not succeeded, for example "dst_unreachable".
   */
  causeCode: string;
  progress: MigrationProgress | null;
  commitMode: CommitMode;
  forecast: MigrationForecast | null;
  /**
   * Held on the target, from admission to the end.
   */
  reservedMemoryBytes: number;
  bandwidthBytesPerSecond: number;
  /**
   * The host must be emptied: the guest may be slowed down so that the copy ends (auto-converge).
   */
  evacuation: boolean;
  /**
   * The target had a definition of the VM before, which therefore is not this migration's to sweep.
   */
  definedOnTargetBefore: boolean;
  /**
   * When the present state was entered.
   */
  stateSinceMs: number;
}

/**
 * What a migration was expected to take, from memory, dirty rate and bandwidth just before it began.
 */
export interface MigrationForecastInput {
  durationMs?: number;
  downtimeMs?: number;
  trafficBytes?: number;
  dirtyBytesPerSecond?: number;
}

/**
 * What a migration was expected to take, from memory, dirty rate and bandwidth just before it began.
 */
export interface MigrationForecast {
  durationMs: number;
  downtimeMs: number;
  trafficBytes: number;
  dirtyBytesPerSecond: number;
}

export const MigrationPhase = {
  MIGRATION_PHASE_UNSPECIFIED: 'MIGRATION_PHASE_UNSPECIFIED',
  MIGRATION_PHASE_PREPARING: 'MIGRATION_PHASE_PREPARING',
  MIGRATION_PHASE_COPYING: 'MIGRATION_PHASE_COPYING',
  /**
   * The guest is paused on the source.
   */
  MIGRATION_PHASE_SWITCHING: 'MIGRATION_PHASE_SWITCHING',
} as const;

export type MigrationPhaseInput =
  | 'MIGRATION_PHASE_UNSPECIFIED'
  | 'MIGRATION_PHASE_PREPARING'
  | 'MIGRATION_PHASE_COPYING'
  /**
   * The guest is paused on the source.
   */
  | 'MIGRATION_PHASE_SWITCHING'

export type MigrationPhase = typeof MigrationPhase[keyof typeof MigrationPhase]

export interface MigrationProgressInput {
  memoryTotalBytes?: number;
  memoryProcessedBytes?: number;
  memoryRemainingBytes?: number;
  memoryBytesPerSecond?: number;
  dirtyBytesPerSecond?: number;
  iteration?: number;
  /**
   * Expected while copying, measured once complete.
   */
  downtimeMs?: number;
  elapsedMs?: number;
  phase?: MigrationPhaseInput;
  '_downtimeMs'?: "downtimeMs";
}

export interface MigrationProgress {
  memoryTotalBytes: number;
  memoryProcessedBytes: number;
  memoryRemainingBytes: number;
  memoryBytesPerSecond: number;
  dirtyBytesPerSecond: number;
  iteration: number;
  /**
   * Expected while copying, measured once complete.
   */
  downtimeMs?: number;
  elapsedMs: number;
  phase: MigrationPhase;
}

/**
 * The life of a migration in the order in which it is lived; each state has a deadline and an owner
 * (scheduler/migrations/machine.ts shows every transition).
 */
export const MigrationState = {
  MIGRATION_STATE_UNSPECIFIED: 'MIGRATION_STATE_UNSPECIFIED',
  /**
   * Claimed its VM; waits for slots.
   */
  MIGRATION_STATE_QUEUED: 'MIGRATION_STATE_QUEUED',
  /**
   * Holds its slots, its bandwidth and the memory on the target.
   */
  MIGRATION_STATE_ADMITTED: 'MIGRATION_STATE_ADMITTED',
  /**
   * Both living hosts are asked what speaks against it.
   */
  MIGRATION_STATE_CHECKING: 'MIGRATION_STATE_CHECKING',
  /**
   * Decided and recorded with all that recovery needs; the target's agent guards it from here on.
   */
  MIGRATION_STATE_INTENT: 'MIGRATION_STATE_INTENT',
  /**
   * The source was told; libvirt prepares the target.
   */
  MIGRATION_STATE_PREPARING: 'MIGRATION_STATE_PREPARING',
  MIGRATION_STATE_COPYING: 'MIGRATION_STATE_COPYING',
  /**
   * Told to end; the guest stays on the source.
   */
  MIGRATION_STATE_ABORTING: 'MIGRATION_STATE_ABORTING',
  /**
   * The guest is paused on the source: nothing is aborted or destroyed now, only waited for.
   */
  MIGRATION_STATE_SWITCHING: 'MIGRATION_STATE_SWITCHING',
  /**
   * Both hosts are looked at until they show who has the guest.
   */
  MIGRATION_STATE_VERIFYING: 'MIGRATION_STATE_VERIFYING',
  /**
   * The outcome is known and recorded; the losing side is put in order.
   */
  MIGRATION_STATE_CLEANUP: 'MIGRATION_STATE_CLEANUP',
  MIGRATION_STATE_SUCCEEDED: 'MIGRATION_STATE_SUCCEEDED',
  /**
   * The guest is on the source.
   */
  MIGRATION_STATE_FAILED: 'MIGRATION_STATE_FAILED',
  /**
   * As failed, because a person or a limit ended it.
   */
  MIGRATION_STATE_ABORTED: 'MIGRATION_STATE_ABORTED',
  /**
   * The guest itself ended meanwhile.
   */
  MIGRATION_STATE_CRASHED: 'MIGRATION_STATE_CRASHED',
  /**
   * Both sides could not be seen, or what they show fits no rule: a person must look. Looked at again until it fits.
   */
  MIGRATION_STATE_UNKNOWN: 'MIGRATION_STATE_UNKNOWN',
  /**
   * Both copies ran: the later one was suspended, nothing was destroyed, a person must decide.
   */
  MIGRATION_STATE_SPLIT: 'MIGRATION_STATE_SPLIT',
} as const;

/**
 * The life of a migration in the order in which it is lived; each state has a deadline and an owner
 * (scheduler/migrations/machine.ts shows every transition).
 */
export type MigrationStateInput =
  | 'MIGRATION_STATE_UNSPECIFIED'
  /**
   * Claimed its VM; waits for slots.
   */
  | 'MIGRATION_STATE_QUEUED'
  /**
   * Holds its slots, its bandwidth and the memory on the target.
   */
  | 'MIGRATION_STATE_ADMITTED'
  /**
   * Both living hosts are asked what speaks against it.
   */
  | 'MIGRATION_STATE_CHECKING'
  /**
   * Decided and recorded with all that recovery needs; the target's agent guards it from here on.
   */
  | 'MIGRATION_STATE_INTENT'
  /**
   * The source was told; libvirt prepares the target.
   */
  | 'MIGRATION_STATE_PREPARING'
  | 'MIGRATION_STATE_COPYING'
  /**
   * Told to end; the guest stays on the source.
   */
  | 'MIGRATION_STATE_ABORTING'
  /**
   * The guest is paused on the source: nothing is aborted or destroyed now, only waited for.
   */
  | 'MIGRATION_STATE_SWITCHING'
  /**
   * Both hosts are looked at until they show who has the guest.
   */
  | 'MIGRATION_STATE_VERIFYING'
  /**
   * The outcome is known and recorded; the losing side is put in order.
   */
  | 'MIGRATION_STATE_CLEANUP'
  | 'MIGRATION_STATE_SUCCEEDED'
  /**
   * The guest is on the source.
   */
  | 'MIGRATION_STATE_FAILED'
  /**
   * As failed, because a person or a limit ended it.
   */
  | 'MIGRATION_STATE_ABORTED'
  /**
   * The guest itself ended meanwhile.
   */
  | 'MIGRATION_STATE_CRASHED'
  /**
   * Both sides could not be seen, or what they show fits no rule: a person must look. Looked at again until it fits.
   */
  | 'MIGRATION_STATE_UNKNOWN'
  /**
   * Both copies ran: the later one was suspended, nothing was destroyed, a person must decide.
   */
  | 'MIGRATION_STATE_SPLIT'

/**
 * The life of a migration in the order in which it is lived; each state has a deadline and an owner
 * (scheduler/migrations/machine.ts shows every transition).
 */
export type MigrationState = typeof MigrationState[keyof typeof MigrationState]

export const Mode = {
  MODE_UNSPECIFIED: 'MODE_UNSPECIFIED',
  /**
   * Watch and report hot hosts.
   */
  MODE_OBSERVE: 'MODE_OBSERVE',
  /**
   * Also say which VM should go where; a person carries it out.
   */
  MODE_RECOMMEND: 'MODE_RECOMMEND',
  /**
   * Also carry it out.
   */
  MODE_AUTO: 'MODE_AUTO',
} as const;

export type ModeInput =
  | 'MODE_UNSPECIFIED'
  /**
   * Watch and report hot hosts.
   */
  | 'MODE_OBSERVE'
  /**
   * Also say which VM should go where; a person carries it out.
   */
  | 'MODE_RECOMMEND'
  /**
   * Also carry it out.
   */
  | 'MODE_AUTO'

export type Mode = typeof Mode[keyof typeof Mode]

export interface MoveInput {
  vmUuid?: string;
  vmName?: string;
  sourceHostId?: string;
  sourceHostName?: string;
  targetHostId?: string;
  targetHostName?: string;
  /**
   * Predicted load ratios, by resource, before and after on both hosts.
   */
  projections?: ProjectionInput[];
  reason?: string;
  cost?: MoveCostInput | null;
}

export interface Move {
  vmUuid: string;
  vmName: string;
  sourceHostId: string;
  sourceHostName: string;
  targetHostId: string;
  targetHostName: string;
  /**
   * Predicted load ratios, by resource, before and after on both hosts.
   */
  projections: Projection[];
  reason: string;
  cost: MoveCost | null;
}

/**
 * What a move was weighed by, before it began.
 */
export interface MoveCostInput {
  /**
   * Cost of both hosts that goes away, in cores, and how long it is expected to last otherwise.
   */
  gainCores?: number;
  persistenceMs?: number;
  /**
   * Predicted of the migration.
   */
  durationMs?: number;
  trafficBytes?: number;
  /**
   * What is left of the gain when the migration is paid.
   */
  netCoreSeconds?: number;
}

/**
 * What a move was weighed by, before it began.
 */
export interface MoveCost {
  /**
   * Cost of both hosts that goes away, in cores, and how long it is expected to last otherwise.
   */
  gainCores: number;
  persistenceMs: number;
  /**
   * Predicted of the migration.
   */
  durationMs: number;
  trafficBytes: number;
  /**
   * What is left of the gain when the migration is paid.
   */
  netCoreSeconds: number;
}

export interface NicSampleInput {
  /**
   * MAC address: tap names change with every start.
   */
  device?: string;
  /**
   * As the guest sees it.
   */
  receiveBytes?: number;
  transmitBytes?: number;
  receivePackets?: number;
  transmitPackets?: number;
  receiveErrors?: number;
  transmitErrors?: number;
  receiveDrops?: number;
  transmitDrops?: number;
  receiveBytesPerSecond?: number;
  transmitBytesPerSecond?: number;
  receivePacketsPerSecond?: number;
  transmitPacketsPerSecond?: number;
  '_receiveBytesPerSecond'?: "receiveBytesPerSecond";
  '_transmitBytesPerSecond'?: "transmitBytesPerSecond";
  '_receivePacketsPerSecond'?: "receivePacketsPerSecond";
  '_transmitPacketsPerSecond'?: "transmitPacketsPerSecond";
}

export interface NicSample {
  /**
   * MAC address: tap names change with every start.
   */
  device: string;
  /**
   * As the guest sees it.
   */
  receiveBytes: number;
  transmitBytes: number;
  receivePackets: number;
  transmitPackets: number;
  receiveErrors: number;
  transmitErrors: number;
  receiveDrops: number;
  transmitDrops: number;
  receiveBytesPerSecond?: number;
  transmitBytesPerSecond?: number;
  receivePacketsPerSecond?: number;
  transmitPacketsPerSecond?: number;
}

/**
 * A rule about where this VM runs, as its own metadata has it.
 */
export interface PlacementRuleInput {
  kind?: RuleKindInput;
  strength?: RuleStrengthInput;
  /**
   * VMs that name the same group are in one rule: affinity, anti_affinity, group.
   */
  group?: string;
  /**
   * Names or ids: vm_to_host, vm_not_to_host, pin.
   */
  hosts?: string[];
}

/**
 * A rule about where this VM runs, as its own metadata has it.
 */
export interface PlacementRule {
  kind: RuleKind;
  strength: RuleStrength;
  /**
   * VMs that name the same group are in one rule: affinity, anti_affinity, group.
   */
  group: string;
  /**
   * Names or ids: vm_to_host, vm_not_to_host, pin.
   */
  hosts: string[];
}

export interface ProjectionInput {
  hostId?: string;
  hostName?: string;
  resource?: string;
  beforeRatio?: number;
  afterRatio?: number;
}

export interface Projection {
  hostId: string;
  hostName: string;
  resource: string;
  beforeRatio: number;
  afterRatio: number;
}

export interface RefusalInput {
  code?: string;
  reason?: string;
  cure?: string;
  vmUuid?: string;
  vmName?: string;
  hostId?: string;
  hostName?: string;
}

export interface Refusal {
  code: string;
  reason: string;
  cure: string;
  vmUuid: string;
  vmName: string;
  hostId: string;
  hostName: string;
}

export const RuleKind = {
  RULE_KIND_UNSPECIFIED: 'RULE_KIND_UNSPECIFIED',
  /**
   * On one host.
   */
  RULE_KIND_AFFINITY: 'RULE_KIND_AFFINITY',
  /**
   * Each on a host of its own.
   */
  RULE_KIND_ANTI_AFFINITY: 'RULE_KIND_ANTI_AFFINITY',
  /**
   * On one of the named hosts.
   */
  RULE_KIND_VM_TO_HOST: 'RULE_KIND_VM_TO_HOST',
  /**
   * On none of the named hosts.
   */
  RULE_KIND_VM_NOT_TO_HOST: 'RULE_KIND_VM_NOT_TO_HOST',
  /**
   * On one of the named hosts (without any: where it is), and never balanced away.
   */
  RULE_KIND_PIN: 'RULE_KIND_PIN',
  /**
   * Nothing but a person moves it.
   */
  RULE_KIND_NEVER_MOVE: 'RULE_KIND_NEVER_MOVE',
  /**
   * VMs on one host leave it together; apart they stay apart.
   */
  RULE_KIND_GROUP: 'RULE_KIND_GROUP',
} as const;

export type RuleKindInput =
  | 'RULE_KIND_UNSPECIFIED'
  /**
   * On one host.
   */
  | 'RULE_KIND_AFFINITY'
  /**
   * Each on a host of its own.
   */
  | 'RULE_KIND_ANTI_AFFINITY'
  /**
   * On one of the named hosts.
   */
  | 'RULE_KIND_VM_TO_HOST'
  /**
   * On none of the named hosts.
   */
  | 'RULE_KIND_VM_NOT_TO_HOST'
  /**
   * On one of the named hosts (without any: where it is), and never balanced away.
   */
  | 'RULE_KIND_PIN'
  /**
   * Nothing but a person moves it.
   */
  | 'RULE_KIND_NEVER_MOVE'
  /**
   * VMs on one host leave it together; apart they stay apart.
   */
  | 'RULE_KIND_GROUP'

export type RuleKind = typeof RuleKind[keyof typeof RuleKind]

export const RuleStrength = {
  RULE_STRENGTH_UNSPECIFIED: 'RULE_STRENGTH_UNSPECIFIED',
  /**
   * Repaired whatever it costs; no move may break it.
   */
  RULE_STRENGTH_MUST: 'RULE_STRENGTH_MUST',
  /**
   * Repaired when that costs no overload.
   */
  RULE_STRENGTH_SHOULD: 'RULE_STRENGTH_SHOULD',
} as const;

export type RuleStrengthInput =
  | 'RULE_STRENGTH_UNSPECIFIED'
  /**
   * Repaired whatever it costs; no move may break it.
   */
  | 'RULE_STRENGTH_MUST'
  /**
   * Repaired when that costs no overload.
   */
  | 'RULE_STRENGTH_SHOULD'

export type RuleStrength = typeof RuleStrength[keyof typeof RuleStrength]

/**
 * What a second policy, which moves nothing, would do otherwise than the one in force.
 */
export interface ShadowComparisonInput {
  /**
   * Moves that both would make.
   */
  sameMoves?: number;
  differences?: ShadowDifferenceInput[];
}

/**
 * What a second policy, which moves nothing, would do otherwise than the one in force.
 */
export interface ShadowComparison {
  /**
   * Moves that both would make.
   */
  sameMoves: number;
  differences: ShadowDifference[];
}

export interface ShadowDifferenceInput {
  vmUuid?: string;
  vmName?: string;
  sourceHostName?: string;
  /**
   * Where each of the two would move the VM; empty: it stays.
   */
  activeTargetHostName?: string;
  shadowTargetHostName?: string;
}

export interface ShadowDifference {
  vmUuid: string;
  vmName: string;
  sourceHostName: string;
  /**
   * Where each of the two would move the VM; empty: it stays.
   */
  activeTargetHostName: string;
  shadowTargetHostName: string;
}

/**
 * What evenkeel keeps in the VM's libvirt metadata (namespace https://evenkeel.dev/xmlns/vm/1).
 */
export interface VmMetadataInput {
  owner?: string;
  purpose?: string;
  /**
   * 0 = never.
   */
  expiresAtMs?: number;
  rules?: VmRulesInput | null;
}

/**
 * What evenkeel keeps in the VM's libvirt metadata (namespace https://evenkeel.dev/xmlns/vm/1).
 */
export interface VmMetadata {
  owner: string;
  purpose: string;
  /**
   * 0 = never.
   */
  expiresAtMs: number;
  rules: VmRules | null;
}

/**
 * Part of a migration that a VM on this host is in.
 */
export const VmMigrationRole = {
  VM_MIGRATION_ROLE_UNSPECIFIED: 'VM_MIGRATION_ROLE_UNSPECIFIED',
  /**
   * The guest runs here while its memory is copied away.
   */
  VM_MIGRATION_ROLE_OUTGOING: 'VM_MIGRATION_ROLE_OUTGOING',
  /**
   * A copy that does not run yet: never counted as load.
   */
  VM_MIGRATION_ROLE_INCOMING: 'VM_MIGRATION_ROLE_INCOMING',
} as const;

/**
 * Part of a migration that a VM on this host is in.
 */
export type VmMigrationRoleInput =
  | 'VM_MIGRATION_ROLE_UNSPECIFIED'
  /**
   * The guest runs here while its memory is copied away.
   */
  | 'VM_MIGRATION_ROLE_OUTGOING'
  /**
   * A copy that does not run yet: never counted as load.
   */
  | 'VM_MIGRATION_ROLE_INCOMING'

/**
 * Part of a migration that a VM on this host is in.
 */
export type VmMigrationRole = typeof VmMigrationRole[keyof typeof VmMigrationRole]

export interface VmRulesInput {
  /**
   * The balancer leaves this VM where it is; a person may still move it.
   */
  neverMove?: boolean;
  /**
   * Longest pause of the guest a migration may cause; 0 = the scheduler's default.
   */
  downtimeMaxMs?: number;
  /**
   * The guest may be switched over before all its memory has come, when it changes too fast to be copied. A fault of
   * either host or of the network then loses it.
   */
  postCopy?: boolean;
  /**
   * Part of what evenkeel itself needs to run: moved only when a person says so.
   */
  controlPlane?: boolean;
  placement?: PlacementRuleInput[];
}

export interface VmRules {
  /**
   * The balancer leaves this VM where it is; a person may still move it.
   */
  neverMove: boolean;
  /**
   * Longest pause of the guest a migration may cause; 0 = the scheduler's default.
   */
  downtimeMaxMs: number;
  /**
   * The guest may be switched over before all its memory has come, when it changes too fast to be copied. A fault of
   * either host or of the network then loses it.
   */
  postCopy: boolean;
  /**
   * Part of what evenkeel itself needs to run: moved only when a person says so.
   */
  controlPlane: boolean;
  placement: PlacementRule[];
}

export interface VmSampleInput {
  uuid?: string;
  name?: string;
  /**
   * A new id is a new QEMU process: counters start again at zero.
   */
  libvirtId?: number;
  state?: VmStateInput;
  /**
   * libvirt's reason for the state, as number.
   */
  stateReason?: number;
  migrationRole?: VmMigrationRoleInput;
  /**
   * False for an incoming copy and for a VM that did not answer: not load of this host, not written to InfluxDB.
   */
  counted?: boolean;
  /**
   * True when the VM's monitor did not answer in time; only what needs no monitor is then filled in.
   */
  stuck?: boolean;
  vcpus?: number;
  cpuTimeMs?: number;
  /**
   * Rates are absent in the first sample of a QEMU process.
   */
  cpuCores?: number;
  cpuDemandCores?: number;
  /**
   * Time its vCPUs waited for a host CPU, as a share of all vCPU time: what the guest sees as steal.
   */
  stealRatio?: number;
  /**
   * The balloon's size now, and what the VM may grow to.
   */
  memoryAssignedBytes?: number;
  memoryMaxBytes?: number;
  memoryUsedBytes?: number;
  memoryUsedSource?: MemoryUsedSourceInput;
  rssBytes?: number;
  disks?: DiskSampleInput[];
  nics?: NicSampleInput[];
  metadata?: VmMetadataInput | null;
  '_cpuCores'?: "cpuCores";
  '_cpuDemandCores'?: "cpuDemandCores";
  '_stealRatio'?: "stealRatio";
  '_memoryUsedBytes'?: "memoryUsedBytes";
  '_rssBytes'?: "rssBytes";
}

export interface VmSample {
  uuid: string;
  name: string;
  /**
   * A new id is a new QEMU process: counters start again at zero.
   */
  libvirtId: number;
  state: VmState;
  /**
   * libvirt's reason for the state, as number.
   */
  stateReason: number;
  migrationRole: VmMigrationRole;
  /**
   * False for an incoming copy and for a VM that did not answer: not load of this host, not written to InfluxDB.
   */
  counted: boolean;
  /**
   * True when the VM's monitor did not answer in time; only what needs no monitor is then filled in.
   */
  stuck: boolean;
  vcpus: number;
  cpuTimeMs: number;
  /**
   * Rates are absent in the first sample of a QEMU process.
   */
  cpuCores?: number;
  cpuDemandCores?: number;
  /**
   * Time its vCPUs waited for a host CPU, as a share of all vCPU time: what the guest sees as steal.
   */
  stealRatio?: number;
  /**
   * The balloon's size now, and what the VM may grow to.
   */
  memoryAssignedBytes: number;
  memoryMaxBytes: number;
  memoryUsedBytes?: number;
  memoryUsedSource: MemoryUsedSource;
  rssBytes?: number;
  disks: DiskSample[];
  nics: NicSample[];
  metadata: VmMetadata | null;
}

export const VmState = {
  VM_STATE_UNSPECIFIED: 'VM_STATE_UNSPECIFIED',
  VM_STATE_RUNNING: 'VM_STATE_RUNNING',
  VM_STATE_BLOCKED: 'VM_STATE_BLOCKED',
  VM_STATE_PAUSED: 'VM_STATE_PAUSED',
  VM_STATE_SHUTTING_DOWN: 'VM_STATE_SHUTTING_DOWN',
  VM_STATE_SHUT_OFF: 'VM_STATE_SHUT_OFF',
  VM_STATE_CRASHED: 'VM_STATE_CRASHED',
  VM_STATE_SUSPENDED: 'VM_STATE_SUSPENDED',
} as const;

export type VmStateInput =
  | 'VM_STATE_UNSPECIFIED'
  | 'VM_STATE_RUNNING'
  | 'VM_STATE_BLOCKED'
  | 'VM_STATE_PAUSED'
  | 'VM_STATE_SHUTTING_DOWN'
  | 'VM_STATE_SHUT_OFF'
  | 'VM_STATE_CRASHED'
  | 'VM_STATE_SUSPENDED'

export type VmState = typeof VmState[keyof typeof VmState]
