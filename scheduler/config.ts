// Defines the scheduler's settings: every key with meaning, unit, range, default and what breaks when it is wrong.
import type convict from 'convict';
import { influxSchema, type InfluxSettings } from './metrics/settings.ts';
import type { ProposalTimes } from './people/proposals.ts';
import { ruleOf } from './people/rules.ts';
import { readWrittenRules } from './people/written-rules.ts';
import type { RunnerSettings } from './migrations/run.ts';
import type { Detection } from './load/hot-hosts.ts';
import { DEFAULT_PLAN_POLICY, type Policy } from './planner/contract/policy.ts';
import type { ViewLimits } from './cluster/view.ts';
import { restraintSchema, type RestraintSettings } from './restraint/settings.ts';
import { invalidField } from '../shared/errors.ts';
import {
  addressAndPort,
  logLevelSchema,
  natsSchema,
  numberBetween,
  tlsSchema,
  wholeNumber,
  type NatsSettings,
  type TlsSettings,
} from '../shared/settings.ts';
import type { Rule } from '../shared/gen/scheduler.ts';
import { RULE_KINDS, RULE_STRENGTHS } from '../shared/rule-words.ts';
import { HOUR_MS, MIB, MINUTE_MS, SECOND_MS } from '../shared/units.ts';

export interface SchedulerSettings {
  readonly logLevel: string;
  readonly mode: 'observe' | 'recommend' | 'auto';
  readonly listen: { readonly address: string };
  readonly nats: NatsSettings;
  readonly tls: TlsSettings;
  readonly influx: InfluxSettings;
  readonly streams: { readonly samplesMaxMib: number; readonly eventsMaxMib: number };
  readonly view: {
    readonly historySamples: number;
    readonly warmStartMinutes: number;
    readonly hostForgetHours: number;
  };
  readonly planner: {
    readonly hotSamples: number;
    readonly windowSamples: number;
    readonly sustainedSeconds: number;
    readonly cpuEntryRatio: number;
    readonly cpuExitRatio: number;
    readonly memoryEntryRatio: number;
    readonly memoryExitRatio: number;
    readonly targetMarginRatio: number;
    readonly gainMin: number;
    readonly memoryReserveRatio: number;
    readonly unknownHostsMaxRatio: number;
    readonly evenness: boolean;
    readonly consolidation: boolean;
    readonly shadowPolicyFile: string;
  };
  /** As written in the file; `rulesOf` reads them. */
  readonly rules: readonly unknown[];
  readonly approval: { readonly expiryMinutes: number; readonly rejectedMinutes: number };
  readonly leader: { readonly name: string; readonly advertiseAddress: string };
  readonly migration: {
    readonly bandwidthMibPerSecond: number;
    readonly bandwidthTotalMibPerSecond: number;
    readonly outPerHost: number;
    readonly inPerHost: number;
    readonly downtimeMaxMs: number;
    readonly concurrentMax: number;
  };
  readonly restraint: RestraintSettings;
}

const viewSchema = {
  historySamples: {
    doc: 'Samples of each host and VM kept in memory, 10 to 1000. More take memory (about 100 bytes for each sample and VM); fewer leave less for explanations.',
    format: wholeNumber(10, 1000),
    default: 60,
  },
  warmStartMinutes: {
    doc: 'Minutes of samples read back from JetStream at start, 1 to 60, so that a restart loses nothing that a decision needs.',
    format: wholeNumber(1, 60),
    default: 10,
  },
  hostForgetHours: {
    doc: 'Hours without a report, 1 to 720, after which a host is no longer listed. Until then it is stale.',
    format: wholeNumber(1, 720),
    default: 24,
  },
};

const plannerSchema = {
  hotSamples: {
    doc: 'A host is hot when this many of the last windowSamples samples are at or over the entry level. With 1, a single spike moves VMs.',
    format: wholeNumber(1, 20),
    default: 3,
  },
  windowSamples: {
    doc: 'Number of latest samples considered, at least hotSamples. At an interval of 5 s the default covers 25 s.',
    format: wholeNumber(1, 20),
    default: 5,
  },
  sustainedSeconds: {
    doc: 'Seconds, 0 to 3600, for which a host must have been at or over an entry level before it is hot. A host over 95 %, short of memory by pressure or swapping, or forecast to reach 95 % does not wait. With 0, short bursts move VMs.',
    format: wholeNumber(0, 3600),
    default: 120,
  },
  cpuEntryRatio: {
    doc: 'CPU demand (time used plus time waited for a CPU, as a share of the cores) from which a host is hot. Above about 1, only hosts whose guests already wait are hot.',
    format: numberBetween(0.1, 2),
    default: 0.9,
  },
  cpuExitRatio: {
    doc: 'CPU demand below which a hot host is no longer hot; must be below cpuEntryRatio. Targets must stay below it, too. Too close to the entry level: hosts flap.',
    format: numberBetween(0.05, 2),
    default: 0.75,
  },
  memoryEntryRatio: {
    doc: "Memory in use (all that is not available, as a share of the host's memory) from which a host is hot.",
    format: numberBetween(0.1, 1),
    default: 0.9,
  },
  memoryExitRatio: {
    doc: 'Memory in use below which a hot host is no longer hot; must be below memoryEntryRatio.',
    format: numberBetween(0.05, 1),
    default: 0.8,
  },
  targetMarginRatio: {
    doc: 'How far below the exit level a target must stay with the VM on it, as a share of the host. With 0, a move may fill a target until it is nearly hot itself.',
    format: numberBetween(0, 0.5),
    default: 0.05,
  },
  gainMin: {
    doc: 'Minimum gain of a move, as cost removed for each core moved: about twice the difference in load ratio between source and target. Too low: noise in the measurements moves VMs.',
    format: numberBetween(0.01, 1),
    default: 0.1,
  },
  memoryReserveRatio: {
    doc: "Share of a host's memory that is never planned for VMs, neither for what they use nor for what they may grow to. With 0, the kernel may run out of memory and kill VMs.",
    format: numberBetween(0, 0.5),
    default: 0.1,
  },
  unknownHostsMaxRatio: {
    doc: "While more than this share of the hosts is unknown or stale, nothing is moved: the fault is then more likely evenkeel's than the hosts'.",
    format: numberBetween(0, 1),
    default: 0.34,
  },
  evenness: {
    doc: 'true also evens out the load of hosts that are not hot: more moves, without better service.',
    format: Boolean,
    default: DEFAULT_PLAN_POLICY.evenness,
  },
  consolidation: {
    doc: 'true also empties hosts whose VMs fit on the others with room to spare, and names them in "evenkeel plan": they could be powered off. It looks back 40 minutes or more; VMs move without better service.',
    format: Boolean,
    default: false,
  },
  shadowPolicyFile: {
    doc: 'JSON file with the differences of a second policy, as for "evenkeel plan --policy"; empty for none. It is planned each turn along with the policy in force but moves nothing: "evenkeel shadow" and events show what it would do differently.',
    format: String,
    default: '',
  },
};

const migrationSchema = {
  bandwidthMibPerSecond: {
    doc: 'Bandwidth cap of one migration in MiB/s, 1 to 100000; libvirt itself sets none. The default leaves some room on a 1 Gbit/s link; on 10 Gbit/s set 600.',
    format: wholeNumber(1, 100_000),
    default: 100,
  },
  downtimeMaxMs: {
    doc: "Longest pause of the guest in ms, 10 to 10000, unless the VM's own rules set one. QEMU's default is 300. Too short: busy guests do not converge.",
    format: wholeNumber(10, 10_000),
    default: 300,
  },
  bandwidthTotalMibPerSecond: {
    doc: 'Bandwidth cap of all concurrent migrations together in MiB/s, 0 to 10000000; 0 allows as much as concurrentMax migrations need. Set it where hosts share an uplink.',
    format: wholeNumber(0, 10_000_000),
    default: 0,
  },
  outPerHost: {
    doc: 'Concurrent migrations away from a host, 1 to 10. More than 1 slows each of them, and an overloaded host has no CPU to spare for them.',
    format: wholeNumber(1, 10),
    default: 1,
  },
  inPerHost: {
    doc: 'Concurrent migrations to a host, 1 to 10. More than 1 fills a target faster than its figures show.',
    format: wholeNumber(1, 10),
    default: 1,
  },
  concurrentMax: {
    doc: 'Concurrent migrations in the cluster, 1 to 100; never more than half the number of hosts.',
    format: wholeNumber(1, 100),
    default: 5,
  },
};

const approvalSchema = {
  expiryMinutes: {
    doc: 'Minutes, 1 to 1440, that a proposed move waits for "evenkeel approve". It is checked again before it starts, so a long time is safe. Too short: operators answer too late.',
    format: numberBetween(1, 1440),
    default: 30,
  },
  rejectedMinutes: {
    doc: 'Minutes, 0 to 10080, that a move is not proposed again after "evenkeel reject".',
    format: numberBetween(0, 10_080),
    default: 60,
  },
};

const leaderSchema = {
  name: {
    doc: 'Name of this scheduler among several, for logs and messages. Empty: the name of the machine.',
    format: String,
    default: '',
    env: 'EVENKEEL_LEADER_NAME',
  },
  advertiseAddress: {
    doc: 'Address at which operators and tools reach this scheduler while it leads, "address:port". Other schedulers refer clients to it. Empty: the name of the machine and the port of listen.address.',
    format: addressAndPortOrEmpty,
    default: '',
    env: 'EVENKEEL_LEADER_ADVERTISE_ADDRESS',
  },
};

/** Schema of /etc/evenkeel/scheduler.yaml. */
export const schedulerSchema: convict.Schema<SchedulerSettings> = {
  logLevel: logLevelSchema,
  mode: {
    doc: 'What is done about a hot host, unless changed by "evenkeel mode": observe (report it), recommend (also propose a move), auto (also make it).',
    format: ['observe', 'recommend', 'auto'],
    default: 'recommend',
    env: 'EVENKEEL_MODE',
  },
  listen: {
    address: {
      doc: 'Address on which the scheduler serves gRPC for operators and tools, "address:port". [::] serves IPv4 and IPv6, 0.0.0.0 IPv4 only.',
      format: addressAndPort,
      default: '[::]:7444',
      env: 'EVENKEEL_LISTEN_ADDRESS',
    },
  },
  nats: natsSchema,
  tls: tlsSchema,
  influx: influxSchema,
  streams: {
    samplesMaxMib: {
      doc: 'Maximum size of the samples in JetStream, in MiB, 16 to 1000000; the oldest go first. Must fit on the disk of nats-server. 100 hosts with 50 VMs each write about 30 MiB a minute.',
      format: wholeNumber(16, 1_000_000),
      default: 2048,
      env: 'EVENKEEL_STREAMS_SAMPLES_MAX_MIB',
    },
    eventsMaxMib: {
      doc: 'Maximum size of the events (migrations, decisions) in JetStream, in MiB, 1 to 100000; the oldest go first.',
      format: wholeNumber(1, 100_000),
      default: 256,
      env: 'EVENKEEL_STREAMS_EVENTS_MAX_MIB',
    },
  },
  view: viewSchema,
  planner: plannerSchema,
  rules: {
    doc: `Rules about where VMs run, each with id, kind (${RULE_KINDS.join(', ')}), strength (${RULE_STRENGTHS.join(', ')}), vms, hosts, and comment. More can be set in the VMs' metadata or with "evenkeel rule".`,
    format: readWrittenRules,
    default: [],
  },
  approval: approvalSchema,
  leader: leaderSchema,
  migration: migrationSchema,
  restraint: restraintSchema,
};

function addressAndPortOrEmpty(value: unknown): void {
  if (value !== '') addressAndPort(value);
}

/** The rules from the settings file. */
export function rulesOf({ rules }: SchedulerSettings): Rule[] {
  return readWrittenRules(rules).map((rule) => ruleOf(rule, 'scheduler.yaml', 0));
}

export function proposalTimesOf({ approval }: SchedulerSettings): ProposalTimes {
  return {
    expiryMs: approval.expiryMinutes * MINUTE_MS,
    rejectedMs: approval.rejectedMinutes * MINUTE_MS,
  };
}

/** The planner's policy. Throws INVALID_ARGUMENT where settings contradict each other. */
export function policyOf({ planner, migration }: SchedulerSettings): Policy {
  requireBelow('planner.cpuExitRatio', planner.cpuExitRatio, 'planner.cpuEntryRatio', planner.cpuEntryRatio);
  requireBelow(
    'planner.memoryExitRatio',
    planner.memoryExitRatio,
    'planner.memoryEntryRatio',
    planner.memoryEntryRatio,
  );
  requireBelow(
    'planner.hotSamples',
    planner.hotSamples,
    'planner.windowSamples + 1',
    planner.windowSamples + 1,
  );
  return {
    ...DEFAULT_PLAN_POLICY,
    hotSamples: planner.hotSamples,
    windowSamples: planner.windowSamples,
    cpu: { entryRatio: planner.cpuEntryRatio, exitRatio: planner.cpuExitRatio },
    memory: { entryRatio: planner.memoryEntryRatio, exitRatio: planner.memoryExitRatio },
    targetMarginRatio: planner.targetMarginRatio,
    gainMin: planner.gainMin,
    memoryReserveRatio: planner.memoryReserveRatio,
    unknownHostsMaxRatio: planner.unknownHostsMaxRatio,
    evenness: planner.evenness,
    consolidation: planner.consolidation,
    packsKnownOnly: true,
    concurrentMax: migration.concurrentMax,
    bandwidthBytesPerSecond: migration.bandwidthMibPerSecond * MIB,
  };
}

/** The levels and times that make a host hot. */
export function detectionOf(settings: SchedulerSettings): Detection {
  return { ...policyOf(settings), sustainedMs: settings.planner.sustainedSeconds * SECOND_MS };
}

function requireBelow(field: string, value: number, other: string, limit: number): void {
  if (value >= limit) throw invalidField(field, `${value} must be below ${other} (${limit})`);
}

export function runnerSettingsOf({ migration }: SchedulerSettings): RunnerSettings {
  return {
    bandwidthBytesPerSecond: migration.bandwidthMibPerSecond * MIB,
    bandwidthTotalBytesPerSecond: migration.bandwidthTotalMibPerSecond * MIB,
    downtimeMaxMs: migration.downtimeMaxMs,
    outPerHost: migration.outPerHost,
    inPerHost: migration.inPerHost,
    concurrentMax: migration.concurrentMax,
  };
}

export function viewLimitsOf({ view }: SchedulerSettings): ViewLimits {
  return { historySamples: view.historySamples, hostForgetAfterMs: view.hostForgetHours * HOUR_MS };
}
