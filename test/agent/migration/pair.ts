// Starts two real libvirtds on one machine, each with an agent's migration parts, and offers tests the steps of a copy.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Test } from 'tap';
import { MigrationGuard } from '../../../agent/migration/target/guard.ts';
import type { Hypervisor } from '../../../agent/migration/hypervisor/hypervisor.ts';
import { Intents } from '../../../agent/migration/promises/intents.ts';
import { createMigrationJobs, type MigrationJobs } from '../../../agent/migration/source/jobs.ts';
import { createLibvirtHypervisor } from '../../../agent/migration/hypervisor/libvirt-hypervisor.ts';
import { openStateFolder } from '../../../agent/state/disk.ts';
import { systemClock } from '../../../shared/clock.ts';
import type {
  MigrateRequest,
  MigrateResponseInput,
  MigrateResultInput,
  VmInput,
} from '../../../shared/gen/agent.ts';
import { MIB } from '../../../shared/units.ts';
import { domainByUuid } from '../../../agent/libvirt/domain.ts';
import { busyBootSector, untilBusy } from '../busy-guest.ts';
import { spec, startRealHost, type RealHost } from '../vm/real-host.ts';

export const never = new AbortController().signal;
export const logger = pino({ level: process.env['EVENKEEL_LOG_LEVEL'] ?? 'silent' });

export interface Pair {
  readonly source: RealHost;
  readonly target: RealHost;
  readonly stateDirectory: string;
  /** A fresh agent's parts, as after its restart; the former are told to stop. Each host has its own folder. */
  readonly agent: (host: RealHost) => Agent;
  /** Only what leaves the host. */
  restart(host: RealHost): MigrationJobs;
  request(vmUuid: string, change?: Partial<MigrateRequest>): MigrateRequest;
}

export interface Agent {
  readonly jobs: MigrationJobs;
  readonly guard: MigrationGuard;
  readonly intents: Intents;
  readonly hypervisor: Hypervisor;
}

let lastEpoch = 0;

export async function startPair(t: Test): Promise<Pair> {
  const source = await startRealHost();
  t.teardown(() => source.stop());
  const target = await startRealHost(source.poolDirectory);
  t.teardown(() => target.stop());
  const stateDirectory = mkdtempSync(join(tmpdir(), 'evenkeel-state-'));
  const running = new Map<RealHost, AbortController>();
  t.teardown(() => {
    for (const stopped of running.values()) stopped.abort(new Error('test over'));
    rmSync(stateDirectory, { recursive: true });
  });
  const agent = (host: RealHost): Agent => {
    running.get(host)?.abort(new Error('agent stopped'));
    const stopped = new AbortController();
    running.set(host, stopped);
    const intents = new Intents(
      openStateFolder(join(stateDirectory, host === source ? 'agent' : 'target')),
      systemClock,
    );
    // Two daemons on one local file system look like no shared storage to libvirt.
    const hypervisor = dialingSessions(
      createLibvirtHypervisor(host.access, { unsafe: true, tls: false }, systemClock),
    );
    const context = { hypervisor, intents, clock: systemClock, logger, callTimeoutMs: 20_000 };
    const other = host === source ? target : source;
    const guard = new MigrationGuard({
      ...context,
      // Over gRPC in the agent; here the other host's libvirt says the same.
      askSource: (_source, vmUuid, wait) =>
        createLibvirtHypervisor(other.access, { unsafe: true, tls: false }, systemClock).observe(
          vmUuid,
          wait,
        ),
    });
    void guard.watch(stopped.signal);
    return {
      jobs: createMigrationJobs({
        ...context,
        random: Math.random,
        isTcpAllowed: true,
        // Both libvirts run on this machine.
        isThisMachine: () => false,
        stopped: stopped.signal,
      }),
      guard,
      intents,
      hypervisor,
    };
  };
  return {
    source,
    target,
    stateDirectory,
    agent,
    restart: (host) => agent(host).jobs,
    request: (vmUuid, change) => ({
      migrationId: `m${(lastEpoch += 1)}`,
      epoch: lastEpoch,
      vmUuid,
      targetHostId: 'target',
      targetLibvirtUri: asSystem(target.uri),
      targetMigrateUri: 'tcp://127.0.0.1',
      bandwidthBytesPerSecond: 512 * MIB,
      downtimeMaxMs: 300,
      timeoutMs: 60_000,
      commitMode: 'COMMIT_MODE_LOCK',
      autoConverge: false,
      postCopy: false,
      ...change,
    }),
  };
}

/** The address of a private daemon as that of a host's own, which is all that an agent takes. */
export function asSystem(sessionUri: string): string {
  return sessionUri.replace(/session$/, 'system');
}

/** The private daemons of tests have the driver for sessions only. */
function dialingSessions(real: Hypervisor): Hypervisor {
  return {
    ...real,
    withCopy: (vmUuid, work, signal) =>
      real.withCopy(
        vmUuid,
        (copy) =>
          work({
            ...copy,
            start: (order, wait) => {
              const targetLibvirtUri = order.targetLibvirtUri.replace(/system$/, 'session');
              return copy.start({ ...order, targetLibvirtUri }, wait);
            },
          }),
        signal,
      ),
  };
}

/** Of a VM that `busyVm` starts, such a copy goes on until it is ended or made faster. */
export const SLOW = { bandwidthBytesPerSecond: MIB } as const;

export async function all(stream: AsyncIterable<MigrateResponseInput>): Promise<MigrateResponseInput[]> {
  const messages: MigrateResponseInput[] = [];
  for await (const message of stream) messages.push(message);
  return messages;
}

export async function resultOf(
  stream: AsyncIterable<MigrateResponseInput>,
): Promise<MigrateResultInput | null | undefined> {
  return (await all(stream)).at(-1)?.result;
}

/** Reads until memory is being copied, then leaves the stream as a broken connection would. */
export async function untilCopying(jobs: MigrationJobs, request: MigrateRequest): Promise<void> {
  const gone = new AbortController();
  for await (const { progress, result } of jobs.migrate(request, gone.signal)) {
    if (result !== undefined) throw new Error(`ended too early: ${JSON.stringify(result)}`);
    if ((progress?.memoryProcessedBytes ?? 0) > 0) break;
  }
  gone.abort();
}

export async function runningVm(host: RealHost, name: string): Promise<string> {
  return (await createVm(host, name, true)).uuid ?? '';
}

// Of 32 MiB: one pass over it takes a slow copy longer than any test needs, and leaves it that much to do again.
const BUSY_END_MIB = 28;

/** A running VM that rewrites most of its memory for ever. */
export async function busyVm(host: RealHost, name: string): Promise<string> {
  const { uuid = '', disks = [] } = await createVm(host, name, false);
  const sector = join(host.poolDirectory, `${name}.boot`);
  writeFileSync(sector, busyBootSector(BUSY_END_MIB));
  execFileSync('qemu-img', ['convert', '-n', '-f', 'raw', '-O', 'qcow2', sector, disks[0]?.source ?? '']);
  rmSync(sector);
  await host.lifecycle.start({ uuid }, never);
  await host.access.own((connection) => untilBusy(connection, domainByUuid(uuid)));
  return uuid;
}

function createVm(host: RealHost, name: string, start: boolean): Promise<VmInput> {
  const disks = [{ pool: 'pool', newBytes: 8 * MIB, sizeBytes: 0 }];
  const metadata = { owner: 'ann', purpose: 'a & b', expiresAtMs: 0, rules: null };
  return host.create({ spec: spec({ name, disks, metadata, headless: true }), start }, never);
}

export const stateOn = async (host: RealHost, uuid: string): Promise<string> =>
  host.lifecycle.get({ vm: { uuid }, includeXml: false }, never).then(
    ({ vm }) => String(vm?.state),
    (error: unknown) => String(error instanceof Error && 'code' in error ? error.code : error),
  );

export async function remove(host: RealHost, uuid: string): Promise<void> {
  const ref = { uuid };
  await host.lifecycle.destroy(ref, never);
  await host.lifecycle.undefine({ vm: ref, deleteVolumes: true }, never);
}
