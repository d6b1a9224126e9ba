// Lists libvirt's public enumerations and flags (libvirt-domain.h, libvirt-host.h, libvirt-storage.h, virterror.h).
type ValueOf<T> = T[keyof T];

export const ErrorCode = {
  internal: 1,
  noMemory: 2,
  noSupport: 3,
  invalidArg: 8,
  operationFailed: 9,
  xmlError: 27,
  domainExists: 28,
  operationDenied: 29,
  xmlDetail: 35,
  systemError: 38,
  rpc: 39,
  noDomain: 42,
  noNetwork: 43,
  authFailed: 45,
  noStoragePool: 49,
  noStorageVolume: 50,
  operationInvalid: 55,
  noSecret: 66,
  configUnsupported: 67,
  operationTimeout: 68,
  argumentUnsupported: 74,
  operationAborted: 78,
  authCancelled: 79,
  noDomainMetadata: 80,
  migrateUnsafe: 81,
  overflow: 82,
  operationUnsupported: 84,
  agentUnresponsive: 86,
  resourceBusy: 87,
  accessDenied: 88,
  storageVolumeExists: 90,
  cpuIncompatible: 91,
  migrateFinishOk: 93,
  authUnavailable: 94,
  multipleDomains: 110,
} as const;

export const DomainState = {
  noState: 0,
  running: 1,
  blocked: 2,
  paused: 3,
  shutdown: 4,
  shutoff: 5,
  crashed: 6,
  pmSuspended: 7,
} as const;
export type DomainState = ValueOf<typeof DomainState>;

export const RunningReason = {
  booted: 1,
  migrated: 2,
  restored: 3,
  unpaused: 5,
  migrationCancelled: 6,
  wakeup: 8,
  postCopy: 10,
  postCopyFailed: 11,
} as const;

export const PausedReason = {
  user: 1,
  migration: 2,
  ioError: 5,
  watchdog: 6,
  shuttingDown: 8,
  snapshot: 9,
  crashed: 10,
  startingUp: 11,
  postCopy: 12,
  postCopyFailed: 13,
  apiError: 14,
} as const;

export const ShutoffReason = {
  shutdown: 1,
  destroyed: 2,
  crashed: 3,
  migrated: 4,
  saved: 5,
  failed: 6,
  daemon: 8,
} as const;

/** State of a domain's monitor; `occupied` for long means a stuck QEMU. */
export const ControlState = { ok: 0, job: 1, occupied: 2, error: 3 } as const;
export type ControlState = ValueOf<typeof ControlState>;

export const VcpuState = { offline: 0, running: 1, blocked: 2 } as const;

export const ListDomainsFlag = {
  active: 1,
  inactive: 2,
  persistent: 4,
  transient: 8,
  running: 16,
  paused: 32,
  shutoff: 64,
  other: 128,
  managedSave: 256,
  autostart: 1024,
} as const;

export const StatsGroup = {
  state: 1,
  cpu: 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyRate: 512,
  vm: 1024,
} as const;

/** Filters, and what to do about domains whose monitor is busy. */
export const StatsFlag = {
  active: 1,
  inactive: 2,
  running: 16,
  paused: 32,
  /** Skip what needs a job when another call holds it. The first caller still hangs with a stuck QEMU. */
  noWait: 0x2000_0000,
  backing: 0x4000_0000,
  enforceStats: 0x8000_0000,
} as const;

export const DefineFlag = { validate: 1 } as const;
export const CreateFlag = {
  paused: 1,
  autoDestroy: 2,
  bypassCache: 4,
  forceBoot: 8,
  validate: 16,
  resetNvram: 32,
} as const;
export const ShutdownFlag = { acpi: 1, agent: 2, initctl: 4, signal: 8, paravirt: 16 } as const;
export const DestroyFlag = { graceful: 1, removeLogs: 2 } as const;
export const UndefineFlag = {
  managedSave: 1,
  snapshotsMetadata: 2,
  nvram: 4,
  keepNvram: 8,
  checkpointsMetadata: 16,
  tpm: 32,
  keepTpm: 64,
} as const;
export const XmlFlag = { secure: 1, inactive: 2, updateCpu: 4, migratable: 8 } as const;
/** Selects which of a domain's two definitions a call works on. */
export const Affect = { current: 0, live: 1, config: 2 } as const;
export const MetadataType = { description: 0, title: 1, element: 2 } as const;

export const MigrateFlag = {
  live: 1,
  peerToPeer: 2,
  tunnelled: 4,
  persistDest: 8,
  undefineSource: 16,
  paused: 32,
  nonSharedDisk: 64,
  nonSharedInc: 128,
  changeProtection: 256,
  unsafe: 512,
  offline: 1024,
  compressed: 2048,
  abortOnError: 4096,
  autoConverge: 8192,
  rdmaPinAll: 16_384,
  postCopy: 32_768,
  tls: 65_536,
  parallel: 131_072,
  nonSharedSynchronousWrites: 262_144,
  postCopyResume: 524_288,
  zeroCopy: 1_048_576,
} as const;

export const JobType = { none: 0, bounded: 1, unbounded: 2, completed: 3, failed: 4, cancelled: 5 } as const;
export type JobType = ValueOf<typeof JobType>;
export const JobOperation = {
  unknown: 0,
  start: 1,
  save: 2,
  restore: 3,
  migrationIn: 4,
  migrationOut: 5,
  snapshot: 6,
  snapshotRevert: 7,
  dump: 8,
  backup: 9,
  snapshotDelete: 10,
} as const;
export const JobStatsFlag = { completed: 1, keepCompleted: 2 } as const;

export const DirtyRateStatus = { unstarted: 0, measuring: 1, measured: 2 } as const;
export const DirtyRateMode = { pageSampling: 0, dirtyBitmap: 1, dirtyRing: 2 } as const;

export const CpuComparison = { error: -1, incompatible: 0, identical: 1, superset: 2 } as const;
export type CpuComparison = ValueOf<typeof CpuComparison>;
export const CompareCpuFlag = { failIncompatible: 1, validateXml: 2 } as const;
export const BaselineCpuFlag = { expandFeatures: 1, migratable: 2 } as const;

export const PoolState = { inactive: 0, building: 1, running: 2, degraded: 3, inaccessible: 4 } as const;
export type PoolState = ValueOf<typeof PoolState>;
export const VolumeType = { file: 0, block: 1, dir: 2, network: 3 } as const;
export const ListPoolsFlag = { inactive: 1, active: 2 } as const;
export const VolumeCreateFlag = { preallocMetadata: 1, reflink: 2 } as const;
export const VolumeDeleteFlag = { zeroed: 1, withSnapshots: 2 } as const;
export const ListNetworksFlag = { inactive: 1, active: 2 } as const;
export const ListInterfacesFlag = { inactive: 1, active: 2 } as const;

/** VIR_DRV_FEATURE_…: capabilities of the daemon and of its driver. */
export const Feature = {
  migrationP2p: 4,
  migrationV3: 6,
  typedParamString: 9,
  programKeepalive: 10,
  migrationParams: 13,
  remoteEventCallback: 14,
  closeCallback: 15,
} as const;

/** The wire value if this client knows it, else undefined: each libvirt release may add values. */
export function knownValue<T extends number>(
  table: Readonly<Record<string, T>>,
  value: number,
): T | undefined {
  return Object.values(table).find((known) => known === value);
}
