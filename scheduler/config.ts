// The scheduler's settings: every key with meaning, unit, range, default and what breaks when it is wrong.
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
  /** As written; `rulesOf` reads them. */
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
    doc: 'Samples kept in memory of each host and VM, 10 to 1000. More costs memory (about 100 bytes a sample and VM), fewer leave less to explain.',
    format: wholeNumber(10, 1000),
    default: 60,
  },
  warmStartMinutes: {
    doc: 'Minutes of samples read back from JetStream at start, 1 to 60, so that a restart forgets nothing a decision needs.',
    format: wholeNumber(1, 60),
    default: 10,
  },
  hostForgetHours: {
    doc: 'A host that sent no report for this many hours, 1 to 720, is no longer listed. Until then it counts as stale.',
    format: wholeNumber(1, 720),
    default: 24,
  },
};

const plannerSchema = {
  hotSamples: {
    doc: 'A host is hot when this many of the last windowSamples samples are at or over the entry level. 1 makes a single spike move VMs.',
    format: wholeNumber(1, 20),
    default: 3,
  },
  windowSamples: {
    doc: 'Samples looked at, at least hotSamples. With a 5 s interval the default 5 cover 25 s.',
    format: wholeNumber(1, 20),
    default: 5,
  },
  sustainedSeconds: {
    doc: 'How long, 0 to 3600, a host must have been over an entry level before it is hot. One over 95 %, or short of memory by pressure or swapping, does not wait, nor one that is forecast to be. 0 moves VMs after bursts.',
    format: wholeNumber(0, 3600),
    default: 120,
  },
  cpuEntryRatio: {
    doc: 'CPU demand (time used and time waited for a CPU, as a share of the cores) from which a host is hot. Above about 1 only hosts whose guests already wait count.',
    format: numberBetween(0.1, 2),
    default: 0.9,
  },
  cpuExitRatio: {
    doc: 'CPU demand below which a hot host is no longer hot; below cpuEntryRatio. Targets must stay below it too. Too close to the entry level: hosts flap.',
    format: numberBetween(0.05, 2),
    default: 0.75,
  },
  memoryEntryRatio: {
    doc: "Memory in use (all that is not available, as a share of the host's) from which a host is hot.",
    format: numberBetween(0.1, 1),
    default: 0.9,
  },
  memoryExitRatio: {
    doc: 'Memory in use below which a hot host is no longer hot; below memoryEntryRatio.',
    format: numberBetween(0.05, 1),
    default: 0.8,
  },
  targetMarginRatio: {
    doc: 'How far below the exit level a target must stay with the VM on it, as a share of the host. 0 lets a move fill a host to the level where it is nearly hot itself.',
    format: numberBetween(0, 0.5),
    default: 0.05,
  },
  gainMin: {
    doc: 'Least gain of a move, as cost removed for each core moved, about twice the difference in load ratio that the VM must find. 0 lets noise of the measurements move VMs.',
    format: numberBetween(0.01, 1),
    default: 0.1,
  },
  memoryReserveRatio: {
    doc: "Share of a host's memory that is never planned away, by use or by what VMs may grow to. 0 invites the kernel's out-of-memory killer.",
    format: numberBetween(0, 0.5),
    default: 0.1,
  },
  unknownHostsMaxRatio: {
    doc: 'While more than this share of the hosts is unknown or stale, nothing is moved: the fault is then more likely ours than theirs.',
    format: numberBetween(0, 1),
    default: 0.34,
  },
  evenness: {
    doc: 'true also evens out hosts that are not hot: more moves, for no better service.',
    format: Boolean,
    default: DEFAULT_PLAN_POLICY.evenness,
  },
  consolidation: {
    doc: 'true also empties hosts whose VMs the others can carry with room to spare, and names them: they could be powered off ("evenkeel plan"). It looks back 40 minutes and longer; VMs are moved for no better service.',
    format: Boolean,
    default: false,
  },
  shadowPolicyFile: {
    doc: 'JSON file with what a second policy has otherwise, as "evenkeel plan --policy" takes it; empty for none. It is planned each turn beside the one in force and moves nothing: "evenkeel shadow" and events say what it would do otherwise.',
    format: String,
    default: '',
  },
};

const migrationSchema = {
  bandwidthMibPerSecond: {
    doc: 'Cap of one migration in MiB/s, 1 to 100000; libvirt itself has none. The default leaves a 1 Gbit/s link some room; on 10 Gbit/s set 600.',
    format: wholeNumber(1, 100_000),
    default: 100,
  },
  downtimeMaxMs: {
    doc: "Longest pause of the guest in ms, 10 to 10000, where its own rules name none. QEMU's own default is 300. Too short: busy guests do not converge.",
    format: wholeNumber(10, 10_000),
    default: 300,
  },
  bandwidthTotalMibPerSecond: {
    doc: 'Sum of the caps of all migrations at one time in MiB/s, 0 to 10000000; 0 allows as much as concurrentMax migrations need. Set it where hosts share an uplink.',
    format: wholeNumber(0, 10_000_000),
    default: 0,
  },
  outPerHost: {
    doc: 'Migrations at one time away from a host, 1 to 10. More than 1 slows each of them, and an overloaded host has no CPU to spare for them.',
    format: wholeNumber(1, 10),
    default: 1,
  },
  inPerHost: {
    doc: 'Migrations at one time to a host, 1 to 10. More than 1 fills a target faster than its load is seen to rise.',
    format: wholeNumber(1, 10),
    default: 1,
  },
  concurrentMax: {
    doc: 'Migrations at one time in the cluster, 1 to 100; never more than half the hosts.',
    format: wholeNumber(1, 100),
    default: 5,
  },
};

const approvalSchema = {
  expiryMinutes: {
    doc: 'Minutes, 1 to 1440, that a proposed move waits for "evenkeel approve". It is checked again before it runs, so that a long time is safe; too short and people come too late.',
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
    doc: 'Name of this scheduler among several, for logs and messages; the name of the machine when empty.',
    format: String,
    default: '',
    env: 'EVENKEEL_LEADER_NAME',
  },
  advertiseAddress: {
    doc: 'Where people and tools reach this scheduler while it leads, "address:port"; the name of the machine and the port of listen.address when empty. Other schedulers tell it to those who ask them.',
    format: addressAndPortOrEmpty,
    default: '',
    env: 'EVENKEEL_LEADER_ADVERTISE_ADDRESS',
  },
};

/** Schema of /etc/evenkeel/scheduler.yaml. */
export const schedulerSchema: convict.Schema<SchedulerSettings> = {
  logLevel: logLevelSchema,
  mode: {
    doc: 'What is done about a hot host until "evenkeel mode" says otherwise: observe (report it), recommend (also propose a move), auto (also make it).',
    format: ['observe', 'recommend', 'auto'],
    default: 'recommend',
    env: 'EVENKEEL_MODE',
  },
  listen: {
    address: {
      doc: 'Where the scheduler serves gRPC for people and tools, "address:port".',
      format: addressAndPort,
      default: '0.0.0.0:7444',
      env: 'EVENKEEL_LISTEN_ADDRESS',
    },
  },
  nats: natsSchema,
  tls: tlsSchema,
  influx: influxSchema,
  streams: {
    samplesMaxMib: {
      doc: 'Most that JetStream keeps of samples, in MiB, 16 to 1000000; the oldest go first. Must fit the disk of nats-server. 100 hosts of 50 VMs write about 30 MiB a minute.',
      format: wholeNumber(16, 1_000_000),
      default: 2048,
      env: 'EVENKEEL_STREAMS_SAMPLES_MAX_MIB',
    },
    eventsMaxMib: {
      doc: 'Most that JetStream keeps of events (migrations, decisions), in MiB, 1 to 100000; the oldest go first.',
      format: wholeNumber(1, 100_000),
      default: 256,
      env: 'EVENKEEL_STREAMS_EVENTS_MAX_MIB',
    },
  },
  view: viewSchema,
  planner: plannerSchema,
  rules: {
    doc: `Rules about where VMs run, each with id, kind (${RULE_KINDS.join(', ')}), strength (${RULE_STRENGTHS.join(', ')}), vms, hosts, and comment. Others are written in the VMs' metadata or by "evenkeel rule".`,
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

/** The rules of the settings. */
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

/** What makes a host hot. */
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
