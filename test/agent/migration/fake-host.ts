// Builds the migration parts of an agent on a manual clock, a temporary disk and a fake hypervisor.
import { pino } from 'pino';
import type { Test } from 'tap';
import { MigrationGuard } from '../../../agent/migration/target/guard.ts';
import { Intents } from '../../../agent/migration/promises/intents.ts';
import type { StateFolder } from '../../../agent/state/folder.ts';
import { isThisMachine } from '../../../agent/own-addresses.ts';
import { createMigrationJobs, type MigrationJobs } from '../../../agent/migration/source/jobs.ts';
import type {
  GuardMigrationRequest,
  MigrateRequest,
  MigrateResponseInput,
  VmInput,
} from '../../../shared/gen/agent.ts';
import { MIB } from '../../../shared/units.ts';
import { ManualClock } from '../../manual-clock.ts';
import { FakeHypervisor } from './hypervisor/fake-hypervisor.ts';

export const vm = '11111111-2222-3333-4444-555555555555';
export const never = new AbortController().signal;
const logger = pino({ level: 'silent' });
export const asked = { migrationId: 'm1', epoch: 3, vmUuid: vm };

function memoryFolder(files = new Map<string, string>()): StateFolder {
  const done = Promise.resolve();
  return {
    path: '/state',
    read: (name) => Promise.resolve(files.get(name)),
    write: (name, text) => done.then(() => void files.set(name, text)),
    flush: () => done,
    rename: (from, to) => done.then(() => void files.set(to, files.get(from) ?? '')),
    flushFolder: () => done,
  };
}

export interface Host {
  readonly clock: ManualClock;
  readonly hypervisor: FakeHypervisor;
  readonly intents: Intents;
  readonly guard: MigrationGuard;
  readonly jobs: MigrationJobs;
  readonly files: Map<string, string>;
  /** What the source's agent says; an error when it does not. */
  source: VmInput | Error | undefined;
  asks: number;
  /** Another agent on the same host and disk, as after a restart. */
  readonly restarted: () => Host;
  readonly stop: () => void;
}

/** Draws the longest pause each time. */
const longest = (): number => 1 - Number.EPSILON;

export function host(t: Test, before?: Host): Host {
  const clock = before?.clock ?? new ManualClock();
  const hypervisor = before?.hypervisor ?? new FakeHypervisor();
  const files = before?.files ?? new Map<string, string>();
  const intents = new Intents(memoryFolder(files), clock);
  const stopped = new AbortController();
  const context = { hypervisor, intents, clock, logger, callTimeoutMs: 10_000 };
  const guard = new MigrationGuard({
    ...context,
    askSource: () => {
      made.asks += 1;
      return made.source instanceof Error ? Promise.reject(made.source) : Promise.resolve(made.source);
    },
  });
  const made: Host = {
    clock,
    hypervisor,
    intents,
    files,
    guard,
    jobs: createMigrationJobs({
      ...context,
      random: longest,
      isTcpAllowed: false,
      isThisMachine,
      stopped: stopped.signal,
    }),
    source: new Error('unreachable'),
    asks: 0,
    restarted: () => {
      made.stop();
      return host(t, made);
    },
    stop: () => {
      stopped.abort(new Error('agent stopped'));
    },
  };
  void guard.watch(stopped.signal);
  t.teardown(made.stop);
  return made;
}

export const guardRequest = (change: Partial<GuardMigrationRequest> = {}): GuardMigrationRequest => ({
  ...asked,
  vmName: 'web1',
  commitMode: 'COMMIT_MODE_PAUSED',
  memoryBytes: 64 * MIB,
  sourceHostId: 'a',
  sourceAgentAddress: '10.0.0.11:7443',
  sourceCertificateSha256: 'aa',
  autostart: false,
  ...change,
});

export const order = (change: Partial<MigrateRequest> = {}): MigrateRequest => ({
  ...asked,
  targetHostId: 'b',
  targetLibvirtUri: 'qemu+tls://b/system',
  targetMigrateUri: '',
  bandwidthBytesPerSecond: 64 * MIB,
  downtimeMaxMs: 500,
  timeoutMs: 600_000,
  commitMode: 'COMMIT_MODE_LOCK',
  autoConverge: false,
  postCopy: false,
  ...change,
});

export const PAUSED = { state: 'VM_STATE_PAUSED', stateReason: 'VM_STATE_REASON_USER' } as const;

export async function all(stream: AsyncIterable<MigrateResponseInput>): Promise<MigrateResponseInput[]> {
  const messages: MigrateResponseInput[] = [];
  for await (const message of stream) messages.push(message);
  return messages;
}

export const phases = (messages: MigrateResponseInput[]): unknown[] => [
  ...new Set(messages.flatMap(({ progress }) => (progress ? [progress.phase] : []))),
];
