// A small cluster as the scheduler would tell of it: three hosts, one hot, with VMs, a plan and migrations.
import type { VmInput } from '../../shared/gen/agent.ts';
import type {
  ExplainResponseInput,
  HostLoadInput,
  MaintenanceInput,
  ProposalInput,
  RuleInput,
  VmLoadInput,
} from '../../shared/gen/scheduler.ts';
import type {
  DecisionInput,
  HostFactsInput,
  MigrationInput,
  MoveObstacleInput,
} from '../../shared/gen/telemetry.ts';
import { GIB, MIB } from '../../shared/units.ts';

/** 2026-03-02 14:32:05 UTC: the moment all of this is seen. */
export const NOW_MS = Date.UTC(2026, 2, 2, 14, 32, 5);

export const HOST_IDS = {
  kvm1: '11111111-1111-4111-8111-111111111111',
  kvm2: '22222222-2222-4222-8222-222222222222',
  kvm3: '33333333-3333-4333-8333-333333333333',
} as const;

const facts = (last: number): HostFactsInput => ({
  agentAddress: `10.77.0.${last}:7443`,
  agentVersion: '0.1.0',
  libvirtVersion: '9.0.0',
  hypervisorVersion: '7.2.0',
  cpuCores: 1,
  memoryBytes: 2 * GIB,
  pools: ['shared'],
  bridges: ['br0'],
});

export const hosts: HostLoadInput[] = [
  {
    hostId: HOST_IDS.kvm1,
    hostName: 'kvm1',
    state: 'HOST_STATE_READY',
    lastReportAtMs: NOW_MS - 2_000,
    facts: facts(11),
    sample: {
      cpuCores: 1,
      cpuUsedCores: 1,
      cpuDemandCores: 2.03,
      cpuPressureRatio: 0.51,
      memoryBytes: 2 * GIB,
      memoryAvailableBytes: 0.9 * GIB,
      load1: 2.1,
    },
    agent: { reportsDropped: 0, samplesPublished: 512 },
    vmsRunning: 3,
    memoryAllocatedBytes: 768 * MIB,
    cpuDemandRatio: 2.03,
    memoryUsedRatio: 0.55,
    hotResources: ['cpu'],
    hotSinceMs: NOW_MS - 25_000,
    migrationsOut: 1,
  },
  {
    hostId: HOST_IDS.kvm2,
    hostName: 'kvm2',
    state: 'HOST_STATE_READY',
    lastReportAtMs: NOW_MS - 3_000,
    facts: facts(12),
    sample: {
      cpuCores: 1,
      cpuUsedCores: 0.05,
      memoryBytes: 2 * GIB,
      memoryAvailableBytes: 1.6 * GIB,
    },
    vmsRunning: 1,
    memoryAllocatedBytes: 256 * MIB,
    cpuDemandRatio: 0.05,
    memoryUsedRatio: 0.2,
    migrationsIn: 1,
  },
  {
    hostId: HOST_IDS.kvm3,
    hostName: 'kvm3',
    state: 'HOST_STATE_STALE',
    lastReportAtMs: NOW_MS - 95_000,
  },
];

const sample = (
  name: string,
  cpuCores: number | undefined,
  more: VmLoadInput['sample'] = {},
): NonNullable<VmLoadInput['sample']> => ({
  uuid: `0000000${name.length}-0000-4000-8000-00000000000${name.length}`,
  name,
  libvirtId: 3,
  state: 'VM_STATE_RUNNING',
  counted: true,
  vcpus: 1,
  ...(cpuCores === undefined ? {} : { cpuCores, cpuDemandCores: cpuCores * 2, stealRatio: cpuCores / 2 }),
  memoryAssignedBytes: 256 * MIB,
  memoryMaxBytes: 256 * MIB,
  memoryUsedBytes: 91 * MIB,
  disks: [{ device: 'vda', readBytesPerSecond: 0, writeBytesPerSecond: 1.5 * MIB }],
  nics: [{ device: '52:54:00:4d:00:15', receiveBytesPerSecond: 400, transmitBytesPerSecond: 600 }],
  ...more,
});

export const vms: VmLoadInput[] = [
  {
    sample: sample('burn1', 0.5, { metadata: { owner: 'ana' } }),
    hostId: HOST_IDS.kvm1,
    hostName: 'kvm1',
    migrationId: 'm-7',
  },
  {
    sample: sample('burn2', 0.48, { metadata: { owner: 'ana', rules: { neverMove: true } } }),
    hostId: HOST_IDS.kvm1,
    hostName: 'kvm1',
  },
  {
    sample: sample('quiet10', 0.01),
    hostId: HOST_IDS.kvm1,
    hostName: 'kvm1',
    coolDownUntilMs: NOW_MS + 480_000,
  },
  // A VM that was just started has no rates yet, and a guest may be named by anybody.
  {
    sample: sample('quiet9\u001b[31m', undefined, { stuck: true }),
    hostId: HOST_IDS.kvm2,
    hostName: 'kvm2',
    warning: 'shown running on kvm2 and kvm3',
  },
];

export const copying: MigrationInput = {
  migrationId: 'm-7',
  epoch: 2,
  vmUuid: '00000005-0000-4000-8000-000000000005',
  vmName: 'burn1',
  sourceHostId: HOST_IDS.kvm1,
  sourceHostName: 'kvm1',
  targetHostId: HOST_IDS.kvm2,
  targetHostName: 'kvm2',
  decisionId: 'd-41',
  state: 'MIGRATION_STATE_COPYING',
  queuedAtMs: NOW_MS - 9_000,
  startedAtMs: NOW_MS - 8_500,
  progress: {
    memoryTotalBytes: 260 * MIB,
    memoryProcessedBytes: 164 * MIB,
    memoryRemainingBytes: 96 * MIB,
    memoryBytesPerSecond: 31.4 * MIB,
    dirtyBytesPerSecond: 2.2 * MIB,
    iteration: 1,
    elapsedMs: 7_400,
  },
};

export const succeeded: MigrationInput = {
  ...copying,
  migrationId: 'm-6',
  vmName: 'quiet10',
  sourceHostName: 'kvm2',
  targetHostName: 'kvm1',
  state: 'MIGRATION_STATE_SUCCEEDED',
  queuedAtMs: NOW_MS - 120_000,
  startedAtMs: NOW_MS - 119_500,
  endedAtMs: NOW_MS - 105_300,
  outcome: 'runs on kvm1 only',
  progress: { downtimeMs: 86, elapsedMs: 14_000, memoryTotalBytes: 260 * MIB },
};

export const failed: MigrationInput = {
  ...copying,
  migrationId: 'm-5',
  vmName: 'burn2',
  state: 'MIGRATION_STATE_FAILED',
  // Yesterday: the date must be shown.
  queuedAtMs: NOW_MS - 86_400_000,
  startedAtMs: NOW_MS - 86_400_000,
  endedAtMs: NOW_MS - 86_399_000,
  causeCode: 'MIGRATION_CAUSE_DST_UNREACHABLE',
  outcome: 'kvm2 did not answer; runs on kvm1 as before',
  progress: null,
};

export const decision: DecisionInput = {
  decisionId: 'd-41',
  atMs: NOW_MS - 9_000,
  hostId: HOST_IDS.kvm1,
  hostName: 'kvm1',
  mode: 'MODE_RECOMMEND',
  evidence: ['CPU demand 203% is at or over 90% in 5 of the last 5 samples', 'burn1 waits 25% of its time'],
  move: {
    vmUuid: '00000005-0000-4000-8000-000000000005',
    vmName: 'burn1',
    sourceHostName: 'kvm1',
    targetHostName: 'kvm2',
    reason: 'frees the most CPU for the least memory to copy',
    projections: [
      { hostName: 'kvm1', resource: 'cpu', beforeRatio: 2.03, afterRatio: 1.03 },
      { hostName: 'kvm2', resource: 'cpu', beforeRatio: 0.05, afterRatio: 1.05 },
    ],
  },
  refusals: [
    {
      code: 'never_move',
      reason: 'burn2 is to stay where it is',
      cure: 'take never-move off it',
      vmName: 'burn2',
    },
    {
      code: 'host_stale',
      reason: 'no report from kvm3 for 95 s',
      cure: 'check evenkeel-agent there',
      hostName: 'kvm3',
    },
  ],
  overloadedSinceMs: NOW_MS - 34_000,
};

export const noMove: DecisionInput = {
  decisionId: 'd-40',
  atMs: NOW_MS - 900_000,
  hostName: 'kvm1',
  mode: 'MODE_AUTO',
  noMoveReason: 'every VM on it cools down from its last move',
};

export const explanation: ExplainResponseInput = {
  vm: vms[1] ?? null,
  host: hosts[0] ?? null,
  sentences: [
    'burn2 stays on kvm1: it carries the rule never-move, so evenkeel leaves it where it is; an operator may still move it with evenkeel migrate burn2.',
    'kvm1 is hot in cpu for 25 s.',
  ],
  refusals: decision.refusals ?? [],
  possibleTargets: ['kvm2'],
  decisions: [decision, noMove],
  migrations: [failed],
};

export const vm: VmInput = {
  uuid: '00000005-0000-4000-8000-000000000005',
  name: 'burn1',
  libvirtId: 3,
  state: 'VM_STATE_RUNNING',
  persistent: true,
  migrationRole: 'VM_MIGRATION_ROLE_OUTGOING',
  vcpus: 1,
  memoryMaxBytes: 256 * MIB,
  metadata: {
    owner: 'ana',
    purpose: 'load test of the web shop, to be kept until the sale is over and the numbers are written up',
    expiresAtMs: Date.UTC(2026, 5, 1, 12),
    rules: { neverMove: true, downtimeMaxMs: 300 },
  },
  disks: [
    { device: 'vda', pool: 'shared', volume: 'burn1-0', format: 'qcow2', capacityBytes: 20 * GIB },
    { device: 'sda', cdrom: true },
  ],
  nics: [{ mac: '52:54:00:4d:00:15', bridge: 'br0' }],
  vncAddress: '127.0.0.1:5900',
  consoles: [
    { kind: 'vnc', address: '127.0.0.1:5900' },
    { kind: 'spice', address: '127.0.0.1:5901' },
    { kind: 'spice-tls', address: '127.0.0.1:5902' },
  ],
  machineType: 'pc-q35-7.2',
  osFamily: 'linux',
  firmware: 'uefi',
  secureBoot: true,
  tpm: true,
  autostart: true,
  qemuElements: ['qemu:commandline'],
};

export const obstacles: MoveObstacleInput[] = [
  {
    causeCode: 'MIGRATION_CAUSE_HAS_SNAPSHOTS',
    reason: 'libvirt keeps a snapshot of it on this host and would lose it',
    cure: 'delete what "virsh snapshot-list burn1" shows, or shut the VM down and move it by hand',
  },
];

export const rule: RuleInput = {
  ruleId: 'db-apart',
  kind: 'RULE_KIND_ANTI_AFFINITY',
  strength: 'RULE_STRENGTH_MUST',
  vms: ['db1', 'db2'],
  writtenIn: 'scheduler.yaml',
  comment: 'each other’s standby',
  unknown: ['db2'],
};

export const conflict = {
  code: 'apart_and_together',
  reason: 'db1 and db2 must be on one host and must not be on one host',
  cure: 'remove one of the two rules',
  ruleIds: ['db-apart', 'rule-1'],
  vms: ['db1', 'db2'],
};

const move = {
  vmName: 'burn1',
  sourceHostName: 'kvm1',
  targetHostName: 'kvm2',
  reason: 'frees the most CPU for the least memory to copy',
};

export const proposals: ProposalInput[] = [
  {
    proposalId: 'p-3',
    decisionId: 'd-41',
    trigger: 'hot_host',
    move,
    state: 'PROPOSAL_STATE_WAITING',
    proposedAtMs: NOW_MS - 60_000,
    expiresAtMs: NOW_MS + 1_740_000,
  },
  {
    proposalId: 'p-2',
    trigger: 'hot_host',
    move: { ...move, vmName: 'burn2' },
    state: 'PROPOSAL_STATE_WAITING',
    proposedAtMs: NOW_MS - 120_000,
    expiresAtMs: NOW_MS + 1_680_000,
  },
  {
    proposalId: 'p-1',
    trigger: 'evacuate',
    move: { ...move, vmName: 'quiet10' },
    state: 'PROPOSAL_STATE_EXPIRED',
    proposedAtMs: NOW_MS - 7_200_000,
    endedAtMs: NOW_MS - 5_400_000,
    note: 'nobody answered in time',
  },
];

export const maintenance: MaintenanceInput = {
  hostId: HOST_IDS.kvm1,
  hostName: 'kvm1',
  enteredAtMs: NOW_MS - 30_000,
  reason: 'new memory',
  vmsAtEntry: 3,
  vmsLeft: 1,
  vmsMoving: 1,
  moves: [move],
  remainingMs: 12_000,
};

export const stuckMaintenance: MaintenanceInput = {
  ...maintenance,
  hostId: HOST_IDS.kvm2,
  hostName: 'kvm2',
  moves: [],
  vmsMoving: 0,
  impossible: [
    {
      code: 'no_room',
      vmName: 'quiet9',
      reason: 'no other host has 64.0 GiB free',
      cure: 'add memory, or shut it down',
    },
  ],
  remainingMs: 0,
};
