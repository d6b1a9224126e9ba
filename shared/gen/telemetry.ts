// Generated from proto/evenkeel/v1/telemetry.proto by "npm run generate".

/**
 * State of the agent itself. Counters count from the agent's start.
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
   * Time taken to collect this report.
   */
  sampleDurationMs?: number;
  stuckVms?: number;
}

/**
 * State of the agent itself. Counters count from the agent's start.
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
   * Time taken to collect this report.
   */
  sampleDurationMs: number;
  stuckVms: number;
}

/**
 * Ensures that only one copy runs when libvirt's last reply is lost.
 */
export const CommitMode = {
  COMMIT_MODE_UNSPECIFIED: 'COMMIT_MODE_UNSPECIFIED',
  /**
   * A lock on every writable disk, seen to be refused on the target while the guest runs on the source.
   */
  COMMIT_MODE_LOCK: 'COMMIT_MODE_LOCK',
  /**
   * The copy arrives paused and is resumed only once the source is proven to have released the guest.
   */
  COMMIT_MODE_PAUSED: 'COMMIT_MODE_PAUSED',
} as const;

/**
 * Ensures that only one copy runs when libvirt's last reply is lost.
 */
export type CommitModeInput =
  | 'COMMIT_MODE_UNSPECIFIED'
  /**
   * A lock on every writable disk, seen to be refused on the target while the guest runs on the source.
   */
  | 'COMMIT_MODE_LOCK'
  /**
   * The copy arrives paused and is resumed only once the source is proven to have released the guest.
   */
  | 'COMMIT_MODE_PAUSED'

/**
 * Ensures that only one copy runs when libvirt's last reply is lost.
 */
export type CommitMode = typeof CommitMode[keyof typeof CommitMode]

/**
 * The planner's decision about one host or VM, with its reasons.
 */
export interface DecisionInput {
  decisionId?: string;
  atMs?: number;
  hostId?: string;
  hostName?: string;
  mode?: ModeInput;
  /**
   * Why the host is hot, with the samples that show it.
   */
  evidence?: string[];
  /**
   * Set if a VM should move.
   */
  move?: MoveInput | null;
  /**
   * Why no VM moves, when move is absent.
   */
  noMoveReason?: string;
  /**
   * Every VM and host that was considered and refused.
   */
  refusals?: RefusalInput[];
  overloadedSinceMs?: number;
  /**
   * One word for no_move_reason, stable for scripts: "no_gain", "no_room", "frozen", "observing", "moving", ...
   */
  noMoveCode?: string;
  /**
   * What triggered the decision: "hot_host", "maintenance", "rule", "make_room", "consolidation", ...
   */
  trigger?: string;
  /**
   * The record from which this decision can be replayed; empty if none was kept.
   */
  recordId?: string;
  '_move'?: "move";
}

/**
 * The planner's decision about one host or VM, with its reasons.
 */
export interface Decision {
  decisionId: string;
  atMs: number;
  hostId: string;
  hostName: string;
  mode: Mode;
  /**
   * Why the host is hot, with the samples that show it.
   */
  evidence: string[];
  /**
   * Set if a VM should move.
   */
  move?: Move | null;
  /**
   * Why no VM moves, when move is absent.
   */
  noMoveReason: string;
  /**
   * Every VM and host that was considered and refused.
   */
  refusals: Refusal[];
  overloadedSinceMs: number;
  /**
   * One word for no_move_reason, stable for scripts: "no_gain", "no_room", "frozen", "observing", "moving", ...
   */
  noMoveCode: string;
  /**
   * What triggered the decision: "hot_host", "maintenance", "rule", "make_room", "consolidation", ...
   */
  trigger: string;
  /**
   * The record from which this decision can be replayed; empty if none was kept.
   */
  recordId: string;
}

/**
 * Counters count from the start of the VM's QEMU process.
 */
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
  /**
   * Those of the counters and sizes that libvirt does not report, by name; they are 0 above.
   */
  unknown?: string[];
  '_readBytesPerSecond'?: "readBytesPerSecond";
  '_writeBytesPerSecond'?: "writeBytesPerSecond";
  '_readRequestsPerSecond'?: "readRequestsPerSecond";
  '_writeRequestsPerSecond'?: "writeRequestsPerSecond";
  '_readLatencyMs'?: "readLatencyMs";
  '_writeLatencyMs'?: "writeLatencyMs";
}

/**
 * Counters count from the start of the VM's QEMU process.
 */
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
  /**
   * Those of the counters and sizes that libvirt does not report, by name; they are 0 above.
   */
  unknown: string[];
}

/**
 * An event, published to evenkeel.v1.events.<host_id> (of the source host for a migration).
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
 * An event, published to evenkeel.v1.events.<host_id> (of the source host for a migration).
 */
export interface Event {
  eventId: string;
  atMs: number;
  migration?: Migration | null;
  decision?: Decision | null;
  shadow?: ShadowComparison | null;
}

/**
 * Facts about a host. Sent with every report, so that a host joins by its first report.
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
   * libvirt URI of this host for its peers, for example "qemu+tls://10.0.0.11/system".
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
   * Active storage pools, active virtual networks, and Linux and Open vSwitch bridges of the host.
   */
  pools?: string[];
  networks?: string[];
  bridges?: string[];
  /**
   * Interfaces that can carry a macvtap.
   */
  macvtapDevices?: string[];
}

/**
 * Facts about a host. Sent with every report, so that a host joins by its first report.
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
   * libvirt URI of this host for its peers, for example "qemu+tls://10.0.0.11/system".
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
   * Active storage pools, active virtual networks, and Linux and Open vSwitch bridges of the host.
   */
  pools: string[];
  networks: string[];
  bridges: string[];
  /**
   * Interfaces that can carry a macvtap.
   */
  macvtapDevices: string[];
}

/**
 * One tick of one host. Published to evenkeel.v1.samples.<host_id> with
 * Nats-Msg-Id "<host_id>:<boot_id>:<sequence>", so that JetStream drops a repeated report.
 */
export interface HostReportInput {
  /**
   * libvirt's host UUID; the host's name may change.
   */
  hostId?: string;
  hostName?: string;
  /**
   * New at each start of the agent; sequence counts from 1 within it.
   */
  bootId?: string;
  sequence?: number;
  /**
   * Wall time of this report's tick, a multiple of interval_ms.
   */
  tickAtMs?: number;
  intervalMs?: number;
  facts?: HostFactsInput | null;
  host?: HostSampleInput | null;
  /**
   * All active VMs of the host if vms_complete, else those that answered.
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
 * Nats-Msg-Id "<host_id>:<boot_id>:<sequence>", so that JetStream drops a repeated report.
 */
export interface HostReport {
  /**
   * libvirt's host UUID; the host's name may change.
   */
  hostId: string;
  hostName: string;
  /**
   * New at each start of the agent; sequence counts from 1 within it.
   */
  bootId: string;
  sequence: number;
  /**
   * Wall time of this report's tick, a multiple of interval_ms.
   */
  tickAtMs: number;
  intervalMs: number;
  facts: HostFacts | null;
  host: HostSample | null;
  /**
   * All active VMs of the host if vms_complete, else those that answered.
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
   * Used cores plus the time that the host's VMs waited on its run queues.
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
   * Used cores plus the time that the host's VMs waited on its run queues.
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
   * Resident memory of the QEMU process, because the guest reports none.
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
   * Resident memory of the QEMU process, because the guest reports none.
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
   * The decision that ordered it; empty if an operator did.
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
  progress?: MigrationProgressInput | null;
  commitMode?: CommitModeInput;
  estimate?: MigrationEstimateInput | null;
  /**
   * Memory reserved on the target, from admission to the end.
   */
  reservedMemoryBytes?: number;
  bandwidthBytesPerSecond?: number;
  /**
   * The host must be emptied: the guest may be slowed down so that the copy ends (auto-converge).
   */
  evacuation?: boolean;
  /**
   * The target already had a definition of the VM, so this migration must not remove it.
   */
  definedOnTargetBefore?: boolean;
  /**
   * When the current state was entered.
   */
  stateSinceMs?: number;
  /**
   * Set when not succeeded.
   */
  causeCode?: MigrationCauseInput;
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
   * The decision that ordered it; empty if an operator did.
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
  progress: MigrationProgress | null;
  commitMode: CommitMode;
  estimate: MigrationEstimate | null;
  /**
   * Memory reserved on the target, from admission to the end.
   */
  reservedMemoryBytes: number;
  bandwidthBytesPerSecond: number;
  /**
   * The host must be emptied: the guest may be slowed down so that the copy ends (auto-converge).
   */
  evacuation: boolean;
  /**
   * The target already had a definition of the VM, so this migration must not remove it.
   */
  definedOnTargetBefore: boolean;
  /**
   * When the current state was entered.
   */
  stateSinceMs: number;
  /**
   * Set when not succeeded.
   */
  causeCode: MigrationCause;
}

/**
 * Why a migration did not succeed. Refusals of a check before the copy come first, then what ended the copy.
 */
export const MigrationCause = {
  MIGRATION_CAUSE_UNSPECIFIED: 'MIGRATION_CAUSE_UNSPECIFIED',
  /**
   * A host is busy with as many migrations as it may have at a time.
   */
  MIGRATION_CAUSE_SLOTS_TAKEN: 'MIGRATION_CAUSE_SLOTS_TAKEN',
  /**
   * The target has no memory left for the VM: by the scheduler's figures, or by libvirt's answer.
   */
  MIGRATION_CAUSE_CAPACITY_GONE: 'MIGRATION_CAUSE_CAPACITY_GONE',
  /**
   * The source has no such VM any more.
   */
  MIGRATION_CAUSE_NO_VM: 'MIGRATION_CAUSE_NO_VM',
  /**
   * The VM does not run on the source any more.
   */
  MIGRATION_CAUSE_NOT_RUNNING: 'MIGRATION_CAUSE_NOT_RUNNING',
  /**
   * The VM is in a migration that evenkeel did not order.
   */
  MIGRATION_CAUSE_MIGRATING_ALREADY: 'MIGRATION_CAUSE_MIGRATING_ALREADY',
  /**
   * The scheduler cannot ask the source's agent.
   */
  MIGRATION_CAUSE_SRC_UNREACHABLE: 'MIGRATION_CAUSE_SRC_UNREACHABLE',
  /**
   * The scheduler cannot ask the target's agent, or the source's libvirt cannot connect to the target's.
   */
  MIGRATION_CAUSE_DST_UNREACHABLE: 'MIGRATION_CAUSE_DST_UNREACHABLE',
  /**
   * The source's agent refused the order.
   */
  MIGRATION_CAUSE_SRC_REFUSED: 'MIGRATION_CAUSE_SRC_REFUSED',
  /**
   * The target's agent refused to guard the migration, or reports an address that cannot be used.
   */
  MIGRATION_CAUSE_DST_REFUSED: 'MIGRATION_CAUSE_DST_REFUSED',
  /**
   * The clocks of the two hosts differ by so much that the guest's would jump.
   */
  MIGRATION_CAUSE_CLOCK_OFFSET: 'MIGRATION_CAUSE_CLOCK_OFFSET',
  /**
   * Another VM of the target has the VM's name.
   */
  MIGRATION_CAUSE_NAME_TAKEN: 'MIGRATION_CAUSE_NAME_TAKEN',
  /**
   * The target has a definition or a running copy of this VM.
   */
  MIGRATION_CAUSE_UUID_TAKEN: 'MIGRATION_CAUSE_UUID_TAKEN',
  /**
   * The target cannot run the VM's machine type, architecture or hypervisor.
   */
  MIGRATION_CAUSE_MACHINE_UNKNOWN: 'MIGRATION_CAUSE_MACHINE_UNKNOWN',
  /**
   * The target's QEMU is older than the source's.
   */
  MIGRATION_CAUSE_HYPERVISOR_OLDER: 'MIGRATION_CAUSE_HYPERVISOR_OLDER',
  /**
   * The target's CPU lacks features that the guest has seen.
   */
  MIGRATION_CAUSE_CPU_INCOMPATIBLE: 'MIGRATION_CAUSE_CPU_INCOMPATIBLE',
  /**
   * The VM has a device that cannot leave its host.
   */
  MIGRATION_CAUSE_DEVICE_NOT_MIGRATABLE: 'MIGRATION_CAUSE_DEVICE_NOT_MIGRATABLE',
  /**
   * The target's agent finds too little memory for the VM.
   */
  MIGRATION_CAUSE_MEMORY_SHORT: 'MIGRATION_CAUSE_MEMORY_SHORT',
  /**
   * All ports for incoming migrations are taken on the target.
   */
  MIGRATION_CAUSE_PORTS_EXHAUSTED: 'MIGRATION_CAUSE_PORTS_EXHAUSTED',
  /**
   * A certificate is missing, expired or not trusted.
   */
  MIGRATION_CAUSE_TLS: 'MIGRATION_CAUSE_TLS',
  /**
   * The target has no bridge of that name.
   */
  MIGRATION_CAUSE_BRIDGE_MISSING: 'MIGRATION_CAUSE_BRIDGE_MISSING',
  /**
   * The target has no active virtual network of that name.
   */
  MIGRATION_CAUSE_NETWORK_MISSING: 'MIGRATION_CAUSE_NETWORK_MISSING',
  /**
   * The target does not see a disk's file or its pool.
   */
  MIGRATION_CAUSE_DISK_NOT_VISIBLE: 'MIGRATION_CAUSE_DISK_NOT_VISIBLE',
  /**
   * A disk is not known to be the same storage on both hosts.
   */
  MIGRATION_CAUSE_STORAGE_UNSAFE: 'MIGRATION_CAUSE_STORAGE_UNSAFE',
  /**
   * A lease of the VM is not seen to be held, or would not be taken by the target's libvirt.
   */
  MIGRATION_CAUSE_LOCK_NOT_PROVABLE: 'MIGRATION_CAUSE_LOCK_NOT_PROVABLE',
  /**
   * The order could not be recorded, so it was not given.
   */
  MIGRATION_CAUSE_JOURNAL_UNAVAILABLE: 'MIGRATION_CAUSE_JOURNAL_UNAVAILABLE',
  /**
   * Another scheduler took over before the copy was ordered.
   */
  MIGRATION_CAUSE_SCHEDULER_RESTARTED: 'MIGRATION_CAUSE_SCHEDULER_RESTARTED',
  /**
   * libvirt keeps snapshots of the VM on its host.
   */
  MIGRATION_CAUSE_HAS_SNAPSHOTS: 'MIGRATION_CAUSE_HAS_SNAPSHOTS',
  /**
   * The target lacks a file, a secret or a program that the VM needs.
   */
  MIGRATION_CAUSE_HOST_LACKS: 'MIGRATION_CAUSE_HOST_LACKS',
  /**
   * A later order for the VM is known: by a later scheduler, or another migration.
   */
  MIGRATION_CAUSE_FENCED_EPOCH: 'MIGRATION_CAUSE_FENCED_EPOCH',
  /**
   * libvirt is busy with the VM on the source: another job, or a state that allows no migration.
   */
  MIGRATION_CAUSE_VM_BUSY: 'MIGRATION_CAUSE_VM_BUSY',
  /**
   * The guest changes its memory faster than it can be copied.
   */
  MIGRATION_CAUSE_NOT_CONVERGING: 'MIGRATION_CAUSE_NOT_CONVERGING',
  /**
   * The copy took longer than it may.
   */
  MIGRATION_CAUSE_TIMEOUT: 'MIGRATION_CAUSE_TIMEOUT',
  /**
   * An operator ended it.
   */
  MIGRATION_CAUSE_USER_ABORT: 'MIGRATION_CAUSE_USER_ABORT',
  /**
   * The source's agent no longer says how the copy goes.
   */
  MIGRATION_CAUSE_SRC_AGENT_LOST: 'MIGRATION_CAUSE_SRC_AGENT_LOST',
  /**
   * The source's libvirt no longer answers.
   */
  MIGRATION_CAUSE_SRC_DAEMON_LOST: 'MIGRATION_CAUSE_SRC_DAEMON_LOST',
  /**
   * The target's libvirt or QEMU could not begin.
   */
  MIGRATION_CAUSE_DST_FAILED: 'MIGRATION_CAUSE_DST_FAILED',
  /**
   * The copy broke off while the guest ran on the source.
   */
  MIGRATION_CAUSE_NET_LOST_COPY: 'MIGRATION_CAUSE_NET_LOST_COPY',
  /**
   * The hosts lost each other during the switch-over.
   */
  MIGRATION_CAUSE_NET_LOST_FINISH: 'MIGRATION_CAUSE_NET_LOST_FINISH',
  /**
   * The guest was paused by an I/O error of its storage.
   */
  MIGRATION_CAUSE_IO_ERROR: 'MIGRATION_CAUSE_IO_ERROR',
  /**
   * The guest was shut down.
   */
  MIGRATION_CAUSE_GUEST_SHUTDOWN: 'MIGRATION_CAUSE_GUEST_SHUTDOWN',
  /**
   * The guest or its QEMU crashed.
   */
  MIGRATION_CAUSE_GUEST_CRASHED: 'MIGRATION_CAUSE_GUEST_CRASHED',
  /**
   * It did not succeed, and nobody said why.
   */
  MIGRATION_CAUSE_NOT_TOLD: 'MIGRATION_CAUSE_NOT_TOLD',
} as const;

/**
 * Why a migration did not succeed. Refusals of a check before the copy come first, then what ended the copy.
 */
export type MigrationCauseInput =
  | 'MIGRATION_CAUSE_UNSPECIFIED'
  /**
   * A host is busy with as many migrations as it may have at a time.
   */
  | 'MIGRATION_CAUSE_SLOTS_TAKEN'
  /**
   * The target has no memory left for the VM: by the scheduler's figures, or by libvirt's answer.
   */
  | 'MIGRATION_CAUSE_CAPACITY_GONE'
  /**
   * The source has no such VM any more.
   */
  | 'MIGRATION_CAUSE_NO_VM'
  /**
   * The VM does not run on the source any more.
   */
  | 'MIGRATION_CAUSE_NOT_RUNNING'
  /**
   * The VM is in a migration that evenkeel did not order.
   */
  | 'MIGRATION_CAUSE_MIGRATING_ALREADY'
  /**
   * The scheduler cannot ask the source's agent.
   */
  | 'MIGRATION_CAUSE_SRC_UNREACHABLE'
  /**
   * The scheduler cannot ask the target's agent, or the source's libvirt cannot connect to the target's.
   */
  | 'MIGRATION_CAUSE_DST_UNREACHABLE'
  /**
   * The source's agent refused the order.
   */
  | 'MIGRATION_CAUSE_SRC_REFUSED'
  /**
   * The target's agent refused to guard the migration, or reports an address that cannot be used.
   */
  | 'MIGRATION_CAUSE_DST_REFUSED'
  /**
   * The clocks of the two hosts differ by so much that the guest's would jump.
   */
  | 'MIGRATION_CAUSE_CLOCK_OFFSET'
  /**
   * Another VM of the target has the VM's name.
   */
  | 'MIGRATION_CAUSE_NAME_TAKEN'
  /**
   * The target has a definition or a running copy of this VM.
   */
  | 'MIGRATION_CAUSE_UUID_TAKEN'
  /**
   * The target cannot run the VM's machine type, architecture or hypervisor.
   */
  | 'MIGRATION_CAUSE_MACHINE_UNKNOWN'
  /**
   * The target's QEMU is older than the source's.
   */
  | 'MIGRATION_CAUSE_HYPERVISOR_OLDER'
  /**
   * The target's CPU lacks features that the guest has seen.
   */
  | 'MIGRATION_CAUSE_CPU_INCOMPATIBLE'
  /**
   * The VM has a device that cannot leave its host.
   */
  | 'MIGRATION_CAUSE_DEVICE_NOT_MIGRATABLE'
  /**
   * The target's agent finds too little memory for the VM.
   */
  | 'MIGRATION_CAUSE_MEMORY_SHORT'
  /**
   * All ports for incoming migrations are taken on the target.
   */
  | 'MIGRATION_CAUSE_PORTS_EXHAUSTED'
  /**
   * A certificate is missing, expired or not trusted.
   */
  | 'MIGRATION_CAUSE_TLS'
  /**
   * The target has no bridge of that name.
   */
  | 'MIGRATION_CAUSE_BRIDGE_MISSING'
  /**
   * The target has no active virtual network of that name.
   */
  | 'MIGRATION_CAUSE_NETWORK_MISSING'
  /**
   * The target does not see a disk's file or its pool.
   */
  | 'MIGRATION_CAUSE_DISK_NOT_VISIBLE'
  /**
   * A disk is not known to be the same storage on both hosts.
   */
  | 'MIGRATION_CAUSE_STORAGE_UNSAFE'
  /**
   * A lease of the VM is not seen to be held, or would not be taken by the target's libvirt.
   */
  | 'MIGRATION_CAUSE_LOCK_NOT_PROVABLE'
  /**
   * The order could not be recorded, so it was not given.
   */
  | 'MIGRATION_CAUSE_JOURNAL_UNAVAILABLE'
  /**
   * Another scheduler took over before the copy was ordered.
   */
  | 'MIGRATION_CAUSE_SCHEDULER_RESTARTED'
  /**
   * libvirt keeps snapshots of the VM on its host.
   */
  | 'MIGRATION_CAUSE_HAS_SNAPSHOTS'
  /**
   * The target lacks a file, a secret or a program that the VM needs.
   */
  | 'MIGRATION_CAUSE_HOST_LACKS'
  /**
   * A later order for the VM is known: by a later scheduler, or another migration.
   */
  | 'MIGRATION_CAUSE_FENCED_EPOCH'
  /**
   * libvirt is busy with the VM on the source: another job, or a state that allows no migration.
   */
  | 'MIGRATION_CAUSE_VM_BUSY'
  /**
   * The guest changes its memory faster than it can be copied.
   */
  | 'MIGRATION_CAUSE_NOT_CONVERGING'
  /**
   * The copy took longer than it may.
   */
  | 'MIGRATION_CAUSE_TIMEOUT'
  /**
   * An operator ended it.
   */
  | 'MIGRATION_CAUSE_USER_ABORT'
  /**
   * The source's agent no longer says how the copy goes.
   */
  | 'MIGRATION_CAUSE_SRC_AGENT_LOST'
  /**
   * The source's libvirt no longer answers.
   */
  | 'MIGRATION_CAUSE_SRC_DAEMON_LOST'
  /**
   * The target's libvirt or QEMU could not begin.
   */
  | 'MIGRATION_CAUSE_DST_FAILED'
  /**
   * The copy broke off while the guest ran on the source.
   */
  | 'MIGRATION_CAUSE_NET_LOST_COPY'
  /**
   * The hosts lost each other during the switch-over.
   */
  | 'MIGRATION_CAUSE_NET_LOST_FINISH'
  /**
   * The guest was paused by an I/O error of its storage.
   */
  | 'MIGRATION_CAUSE_IO_ERROR'
  /**
   * The guest was shut down.
   */
  | 'MIGRATION_CAUSE_GUEST_SHUTDOWN'
  /**
   * The guest or its QEMU crashed.
   */
  | 'MIGRATION_CAUSE_GUEST_CRASHED'
  /**
   * It did not succeed, and nobody said why.
   */
  | 'MIGRATION_CAUSE_NOT_TOLD'

/**
 * Why a migration did not succeed. Refusals of a check before the copy come first, then what ended the copy.
 */
export type MigrationCause = typeof MigrationCause[keyof typeof MigrationCause]

/**
 * Estimate of a migration, computed just before it began from memory, dirty rate and bandwidth.
 */
export interface MigrationEstimateInput {
  durationMs?: number;
  downtimeMs?: number;
  trafficBytes?: number;
  dirtyBytesPerSecond?: number;
}

/**
 * Estimate of a migration, computed just before it began from memory, dirty rate and bandwidth.
 */
export interface MigrationEstimate {
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
   * Expected while copying; measured once complete.
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
   * Expected while copying; measured once complete.
   */
  downtimeMs?: number;
  elapsedMs: number;
  phase: MigrationPhase;
}

/**
 * The states of a migration, in their usual order; each has a deadline and an owner
 * (scheduler/migrations/machine.ts shows every transition).
 */
export const MigrationState = {
  MIGRATION_STATE_UNSPECIFIED: 'MIGRATION_STATE_UNSPECIFIED',
  /**
   * It has claimed its VM and waits for slots.
   */
  MIGRATION_STATE_QUEUED: 'MIGRATION_STATE_QUEUED',
  /**
   * It holds its slots, its bandwidth and the memory on the target.
   */
  MIGRATION_STATE_ADMITTED: 'MIGRATION_STATE_ADMITTED',
  /**
   * Both hosts are asked whether anything prevents it.
   */
  MIGRATION_STATE_CHECKING: 'MIGRATION_STATE_CHECKING',
  /**
   * Decided, and recorded with all that recovery needs; from here on the target's agent guards it.
   */
  MIGRATION_STATE_INTENT: 'MIGRATION_STATE_INTENT',
  /**
   * The source's agent has the order; libvirt prepares the target.
   */
  MIGRATION_STATE_PREPARING: 'MIGRATION_STATE_PREPARING',
  MIGRATION_STATE_COPYING: 'MIGRATION_STATE_COPYING',
  /**
   * Being aborted; the guest stays on the source.
   */
  MIGRATION_STATE_ABORTING: 'MIGRATION_STATE_ABORTING',
  /**
   * The guest is paused on the source: nothing is aborted or destroyed now, we only wait.
   */
  MIGRATION_STATE_SWITCHING: 'MIGRATION_STATE_SWITCHING',
  /**
   * Both hosts are observed until they show which of them has the guest.
   */
  MIGRATION_STATE_VERIFYING: 'MIGRATION_STATE_VERIFYING',
  /**
   * The outcome is known and recorded; the losing side is cleaned up.
   */
  MIGRATION_STATE_CLEANUP: 'MIGRATION_STATE_CLEANUP',
  MIGRATION_STATE_SUCCEEDED: 'MIGRATION_STATE_SUCCEEDED',
  /**
   * The guest is on the source.
   */
  MIGRATION_STATE_FAILED: 'MIGRATION_STATE_FAILED',
  /**
   * As failed, but because an operator or a limit ended it.
   */
  MIGRATION_STATE_ABORTED: 'MIGRATION_STATE_ABORTED',
  /**
   * The guest itself ended during the migration.
   */
  MIGRATION_STATE_CRASHED: 'MIGRATION_STATE_CRASHED',
  /**
   * A side could not be seen, or what both show fits no rule: an operator must check. Observed again until a rule fits.
   */
  MIGRATION_STATE_UNKNOWN: 'MIGRATION_STATE_UNKNOWN',
  /**
   * Both copies ran: the later one was suspended, nothing was destroyed, an operator must decide.
   */
  MIGRATION_STATE_SPLIT: 'MIGRATION_STATE_SPLIT',
} as const;

/**
 * The states of a migration, in their usual order; each has a deadline and an owner
 * (scheduler/migrations/machine.ts shows every transition).
 */
export type MigrationStateInput =
  | 'MIGRATION_STATE_UNSPECIFIED'
  /**
   * It has claimed its VM and waits for slots.
   */
  | 'MIGRATION_STATE_QUEUED'
  /**
   * It holds its slots, its bandwidth and the memory on the target.
   */
  | 'MIGRATION_STATE_ADMITTED'
  /**
   * Both hosts are asked whether anything prevents it.
   */
  | 'MIGRATION_STATE_CHECKING'
  /**
   * Decided, and recorded with all that recovery needs; from here on the target's agent guards it.
   */
  | 'MIGRATION_STATE_INTENT'
  /**
   * The source's agent has the order; libvirt prepares the target.
   */
  | 'MIGRATION_STATE_PREPARING'
  | 'MIGRATION_STATE_COPYING'
  /**
   * Being aborted; the guest stays on the source.
   */
  | 'MIGRATION_STATE_ABORTING'
  /**
   * The guest is paused on the source: nothing is aborted or destroyed now, we only wait.
   */
  | 'MIGRATION_STATE_SWITCHING'
  /**
   * Both hosts are observed until they show which of them has the guest.
   */
  | 'MIGRATION_STATE_VERIFYING'
  /**
   * The outcome is known and recorded; the losing side is cleaned up.
   */
  | 'MIGRATION_STATE_CLEANUP'
  | 'MIGRATION_STATE_SUCCEEDED'
  /**
   * The guest is on the source.
   */
  | 'MIGRATION_STATE_FAILED'
  /**
   * As failed, but because an operator or a limit ended it.
   */
  | 'MIGRATION_STATE_ABORTED'
  /**
   * The guest itself ended during the migration.
   */
  | 'MIGRATION_STATE_CRASHED'
  /**
   * A side could not be seen, or what both show fits no rule: an operator must check. Observed again until a rule fits.
   */
  | 'MIGRATION_STATE_UNKNOWN'
  /**
   * Both copies ran: the later one was suspended, nothing was destroyed, an operator must decide.
   */
  | 'MIGRATION_STATE_SPLIT'

/**
 * The states of a migration, in their usual order; each has a deadline and an owner
 * (scheduler/migrations/machine.ts shows every transition).
 */
export type MigrationState = typeof MigrationState[keyof typeof MigrationState]

export const Mode = {
  MODE_UNSPECIFIED: 'MODE_UNSPECIFIED',
  /**
   * Report hot hosts.
   */
  MODE_OBSERVE: 'MODE_OBSERVE',
  /**
   * Also propose moves, which an operator approves.
   */
  MODE_RECOMMEND: 'MODE_RECOMMEND',
  /**
   * Also make the moves.
   */
  MODE_AUTO: 'MODE_AUTO',
} as const;

export type ModeInput =
  | 'MODE_UNSPECIFIED'
  /**
   * Report hot hosts.
   */
  | 'MODE_OBSERVE'
  /**
   * Also propose moves, which an operator approves.
   */
  | 'MODE_RECOMMEND'
  /**
   * Also make the moves.
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
 * The figures by which a move was judged, before it began.
 */
export interface MoveCostInput {
  /**
   * Cost that the move removes on both hosts, in cores, and how long that cost would last without it.
   */
  gainCores?: number;
  persistenceMs?: number;
  /**
   * Predicted for the migration.
   */
  durationMs?: number;
  trafficBytes?: number;
  /**
   * Gain less the cost of the migration.
   */
  netCoreSeconds?: number;
}

/**
 * The figures by which a move was judged, before it began.
 */
export interface MoveCost {
  /**
   * Cost that the move removes on both hosts, in cores, and how long that cost would last without it.
   */
  gainCores: number;
  persistenceMs: number;
  /**
   * Predicted for the migration.
   */
  durationMs: number;
  trafficBytes: number;
  /**
   * Gain less the cost of the migration.
   */
  netCoreSeconds: number;
}

/**
 * What keeps a VM on its host, whatever the target: found by the agent there, in the live definition and by asking libvirt.
 */
export interface MoveObstacleInput {
  causeCode?: MigrationCauseInput;
  reason?: string;
  cure?: string;
}

/**
 * What keeps a VM on its host, whatever the target: found by the agent there, in the live definition and by asking libvirt.
 */
export interface MoveObstacle {
  causeCode: MigrationCause;
  reason: string;
  cure: string;
}

/**
 * Counters count from the start of the VM's QEMU process.
 */
export interface NicSampleInput {
  /**
   * MAC address, since names of tap devices change with every start; NICs that share one are told apart by their address
   * in the guest: "52:54:00:00:77:01@0000:01:00.0".
   */
  device?: string;
  /**
   * From the guest's point of view.
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
  /**
   * Those of the counters that libvirt does not report, by name; they are 0 above.
   */
  unknown?: string[];
  '_receiveBytesPerSecond'?: "receiveBytesPerSecond";
  '_transmitBytesPerSecond'?: "transmitBytesPerSecond";
  '_receivePacketsPerSecond'?: "receivePacketsPerSecond";
  '_transmitPacketsPerSecond'?: "transmitPacketsPerSecond";
}

/**
 * Counters count from the start of the VM's QEMU process.
 */
export interface NicSample {
  /**
   * MAC address, since names of tap devices change with every start; NICs that share one are told apart by their address
   * in the guest: "52:54:00:00:77:01@0000:01:00.0".
   */
  device: string;
  /**
   * From the guest's point of view.
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
  /**
   * Those of the counters that libvirt does not report, by name; they are 0 above.
   */
  unknown: string[];
}

/**
 * A rule about where this VM runs, from its own metadata.
 */
export interface PlacementRuleInput {
  kind?: RuleKindInput;
  strength?: RuleStrengthInput;
  /**
   * For affinity, anti_affinity, group: VMs that name the same group belong to one rule.
   */
  group?: string;
  /**
   * For vm_to_host, vm_not_to_host, pin: names or ids.
   */
  hosts?: string[];
}

/**
 * A rule about where this VM runs, from its own metadata.
 */
export interface PlacementRule {
  kind: RuleKind;
  strength: RuleStrength;
  /**
   * For affinity, anti_affinity, group: VMs that name the same group belong to one rule.
   */
  group: string;
  /**
   * For vm_to_host, vm_not_to_host, pin: names or ids.
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
   * All on one host.
   */
  RULE_KIND_AFFINITY: 'RULE_KIND_AFFINITY',
  /**
   * Each on a different host.
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
   * On one of the named hosts (if none is named, where it is); never moved for balance.
   */
  RULE_KIND_PIN: 'RULE_KIND_PIN',
  /**
   * Only an operator moves it.
   */
  RULE_KIND_NEVER_MOVE: 'RULE_KIND_NEVER_MOVE',
  /**
   * VMs on the same host leave it together; VMs on different hosts stay apart.
   */
  RULE_KIND_GROUP: 'RULE_KIND_GROUP',
} as const;

export type RuleKindInput =
  | 'RULE_KIND_UNSPECIFIED'
  /**
   * All on one host.
   */
  | 'RULE_KIND_AFFINITY'
  /**
   * Each on a different host.
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
   * On one of the named hosts (if none is named, where it is); never moved for balance.
   */
  | 'RULE_KIND_PIN'
  /**
   * Only an operator moves it.
   */
  | 'RULE_KIND_NEVER_MOVE'
  /**
   * VMs on the same host leave it together; VMs on different hosts stay apart.
   */
  | 'RULE_KIND_GROUP'

export type RuleKind = typeof RuleKind[keyof typeof RuleKind]

export const RuleStrength = {
  RULE_STRENGTH_UNSPECIFIED: 'RULE_STRENGTH_UNSPECIFIED',
  /**
   * Repaired at any cost; no move may break it.
   */
  RULE_STRENGTH_MUST: 'RULE_STRENGTH_MUST',
  /**
   * Repaired where that causes no overload.
   */
  RULE_STRENGTH_SHOULD: 'RULE_STRENGTH_SHOULD',
} as const;

export type RuleStrengthInput =
  | 'RULE_STRENGTH_UNSPECIFIED'
  /**
   * Repaired at any cost; no move may break it.
   */
  | 'RULE_STRENGTH_MUST'
  /**
   * Repaired where that causes no overload.
   */
  | 'RULE_STRENGTH_SHOULD'

export type RuleStrength = typeof RuleStrength[keyof typeof RuleStrength]

/**
 * What the shadow policy, which moves nothing, would do differently from the policy in force.
 */
export interface ShadowComparisonInput {
  /**
   * Moves that both policies would make.
   */
  sameMoves?: number;
  differences?: ShadowDifferenceInput[];
}

/**
 * What the shadow policy, which moves nothing, would do differently from the policy in force.
 */
export interface ShadowComparison {
  /**
   * Moves that both policies would make.
   */
  sameMoves: number;
  differences: ShadowDifference[];
}

export interface ShadowDifferenceInput {
  vmUuid?: string;
  vmName?: string;
  sourceHostName?: string;
  /**
   * Where each policy would move the VM; empty: it stays.
   */
  activeTargetHostName?: string;
  shadowTargetHostName?: string;
}

export interface ShadowDifference {
  vmUuid: string;
  vmName: string;
  sourceHostName: string;
  /**
   * Where each policy would move the VM; empty: it stays.
   */
  activeTargetHostName: string;
  shadowTargetHostName: string;
}

/**
 * evenkeel's data in the VM's libvirt metadata (namespace https://evenkeel.dev/xmlns/vm/1).
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
 * evenkeel's data in the VM's libvirt metadata (namespace https://evenkeel.dev/xmlns/vm/1).
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
   * A copy that does not run yet; it is never counted as load.
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
   * A copy that does not run yet; it is never counted as load.
   */
  | 'VM_MIGRATION_ROLE_INCOMING'

/**
 * Part of a migration that a VM on this host is in.
 */
export type VmMigrationRole = typeof VmMigrationRole[keyof typeof VmMigrationRole]

export interface VmRulesInput {
  /**
   * The balancer leaves this VM where it is; an operator may still move it.
   */
  neverMove?: boolean;
  /**
   * Longest pause of the guest that a migration may cause; 0 = the scheduler's default.
   */
  downtimeMaxMs?: number;
  /**
   * The guest may be switched over before all its memory has arrived, when it changes memory too fast for the copy. A
   * fault of either host or of the network then loses the guest.
   */
  postCopy?: boolean;
  /**
   * evenkeel itself needs this VM to run: only an operator's order moves it.
   */
  controlPlane?: boolean;
  placement?: PlacementRuleInput[];
}

export interface VmRules {
  /**
   * The balancer leaves this VM where it is; an operator may still move it.
   */
  neverMove: boolean;
  /**
   * Longest pause of the guest that a migration may cause; 0 = the scheduler's default.
   */
  downtimeMaxMs: number;
  /**
   * The guest may be switched over before all its memory has arrived, when it changes memory too fast for the copy. A
   * fault of either host or of the network then loses the guest.
   */
  postCopy: boolean;
  /**
   * evenkeel itself needs this VM to run: only an operator's order moves it.
   */
  controlPlane: boolean;
  placement: PlacementRule[];
}

export interface VmSampleInput {
  uuid?: string;
  name?: string;
  /**
   * A new id means a new QEMU process: counters start again at zero.
   */
  libvirtId?: number;
  state?: VmStateInput;
  migrationRole?: VmMigrationRoleInput;
  /**
   * False for an incoming copy and for a VM that did not answer: not load of this host, not written to InfluxDB.
   */
  counted?: boolean;
  /**
   * True when the VM's monitor did not answer in time; then only values that need no monitor are set.
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
   * Time that its vCPUs waited for a host CPU, as a share of all vCPU time: the guest sees it as steal.
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
  stateReason?: VmStateReasonInput;
  /**
   * Empty: its host's agent found nothing when it looked last, within the last minutes.
   */
  obstacles?: MoveObstacleInput[];
  /**
   * Cores that quotas allow its vCPUs (cputune, control groups); absent without a limit below its vCPUs, or where it is not
   * seen. Demand never exceeds it.
   */
  cpuLimitCores?: number;
  '_cpuCores'?: "cpuCores";
  '_cpuDemandCores'?: "cpuDemandCores";
  '_stealRatio'?: "stealRatio";
  '_memoryUsedBytes'?: "memoryUsedBytes";
  '_rssBytes'?: "rssBytes";
  '_cpuLimitCores'?: "cpuLimitCores";
}

export interface VmSample {
  uuid: string;
  name: string;
  /**
   * A new id means a new QEMU process: counters start again at zero.
   */
  libvirtId: number;
  state: VmState;
  migrationRole: VmMigrationRole;
  /**
   * False for an incoming copy and for a VM that did not answer: not load of this host, not written to InfluxDB.
   */
  counted: boolean;
  /**
   * True when the VM's monitor did not answer in time; then only values that need no monitor are set.
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
   * Time that its vCPUs waited for a host CPU, as a share of all vCPU time: the guest sees it as steal.
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
  stateReason: VmStateReason;
  /**
   * Empty: its host's agent found nothing when it looked last, within the last minutes.
   */
  obstacles: MoveObstacle[];
  /**
   * Cores that quotas allow its vCPUs (cputune, control groups); absent without a limit below its vCPUs, or where it is not
   * seen. Demand never exceeds it.
   */
  cpuLimitCores?: number;
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

/**
 * Why a VM is in its state, as far as that makes a difference. libvirt's own reasons depend on the state.
 */
export const VmStateReason = {
  /**
   * libvirt tells none, or one that makes no difference.
   */
  VM_STATE_REASON_UNSPECIFIED: 'VM_STATE_REASON_UNSPECIFIED',
  /**
   * Paused by a command.
   */
  VM_STATE_REASON_USER: 'VM_STATE_REASON_USER',
  /**
   * Paused by its migration: for the switch-over on the source, before it has begun on the target.
   */
  VM_STATE_REASON_MIGRATION: 'VM_STATE_REASON_MIGRATION',
  /**
   * Paused because its storage failed.
   */
  VM_STATE_REASON_IO_ERROR: 'VM_STATE_REASON_IO_ERROR',
  /**
   * Paused by its watchdog.
   */
  VM_STATE_REASON_WATCHDOG: 'VM_STATE_REASON_WATCHDOG',
  /**
   * The guest or its QEMU crashed; paused or off.
   */
  VM_STATE_REASON_CRASHED: 'VM_STATE_REASON_CRASHED',
  /**
   * Paused because libvirt failed to carry out a command.
   */
  VM_STATE_REASON_API_ERROR: 'VM_STATE_REASON_API_ERROR',
  /**
   * Its memory is spread over two hosts: paused on the source, running on the target.
   */
  VM_STATE_REASON_POST_COPY: 'VM_STATE_REASON_POST_COPY',
  /**
   * The same, and the hosts have lost each other.
   */
  VM_STATE_REASON_POST_COPY_FAILED: 'VM_STATE_REASON_POST_COPY_FAILED',
  /**
   * Runs since a command resumed it.
   */
  VM_STATE_REASON_UNPAUSED: 'VM_STATE_REASON_UNPAUSED',
  /**
   * Runs since libvirt resumed it at the end of a failed migration.
   */
  VM_STATE_REASON_MIGRATION_CANCELED: 'VM_STATE_REASON_MIGRATION_CANCELED',
  /**
   * Off: the guest was shut down.
   */
  VM_STATE_REASON_SHUTDOWN: 'VM_STATE_REASON_SHUTDOWN',
  /**
   * Off: its QEMU was ended by a command.
   */
  VM_STATE_REASON_DESTROYED: 'VM_STATE_REASON_DESTROYED',
  /**
   * Off: it went to another host.
   */
  VM_STATE_REASON_MIGRATED: 'VM_STATE_REASON_MIGRATED',
  /**
   * Off: libvirt could not start it, or it did not arrive.
   */
  VM_STATE_REASON_FAILED: 'VM_STATE_REASON_FAILED',
} as const;

/**
 * Why a VM is in its state, as far as that makes a difference. libvirt's own reasons depend on the state.
 */
export type VmStateReasonInput =
  /**
   * libvirt tells none, or one that makes no difference.
   */
  | 'VM_STATE_REASON_UNSPECIFIED'
  /**
   * Paused by a command.
   */
  | 'VM_STATE_REASON_USER'
  /**
   * Paused by its migration: for the switch-over on the source, before it has begun on the target.
   */
  | 'VM_STATE_REASON_MIGRATION'
  /**
   * Paused because its storage failed.
   */
  | 'VM_STATE_REASON_IO_ERROR'
  /**
   * Paused by its watchdog.
   */
  | 'VM_STATE_REASON_WATCHDOG'
  /**
   * The guest or its QEMU crashed; paused or off.
   */
  | 'VM_STATE_REASON_CRASHED'
  /**
   * Paused because libvirt failed to carry out a command.
   */
  | 'VM_STATE_REASON_API_ERROR'
  /**
   * Its memory is spread over two hosts: paused on the source, running on the target.
   */
  | 'VM_STATE_REASON_POST_COPY'
  /**
   * The same, and the hosts have lost each other.
   */
  | 'VM_STATE_REASON_POST_COPY_FAILED'
  /**
   * Runs since a command resumed it.
   */
  | 'VM_STATE_REASON_UNPAUSED'
  /**
   * Runs since libvirt resumed it at the end of a failed migration.
   */
  | 'VM_STATE_REASON_MIGRATION_CANCELED'
  /**
   * Off: the guest was shut down.
   */
  | 'VM_STATE_REASON_SHUTDOWN'
  /**
   * Off: its QEMU was ended by a command.
   */
  | 'VM_STATE_REASON_DESTROYED'
  /**
   * Off: it went to another host.
   */
  | 'VM_STATE_REASON_MIGRATED'
  /**
   * Off: libvirt could not start it, or it did not arrive.
   */
  | 'VM_STATE_REASON_FAILED'

/**
 * Why a VM is in its state, as far as that makes a difference. libvirt's own reasons depend on the state.
 */
export type VmStateReason = typeof VmStateReason[keyof typeof VmStateReason]
