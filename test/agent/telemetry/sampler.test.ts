// Tests telemetry against a real libvirtd and real QEMU processes: reports, also with a stuck guest or a lost libvirt.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectNats } from 'nats';
import t, { type Test } from 'tap';
import { connect, type Connection } from '../../../agent/libvirt/connection.ts';
import { Affect, ListDomainsFlag } from '../../../agent/libvirt/constants.ts';
import {
  createXml,
  destroy,
  listDomains,
  lookupByName,
  resume,
  setMetadata,
} from '../../../agent/libvirt/domain.ts';
import { nextTickAtMs } from '../../../agent/telemetry/sampler.ts';
import { startTelemetry, type Telemetry } from '../../../agent/telemetry/telemetry.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { HostReport, VmSample } from '../../../shared/gen/telemetry.ts';
import { createLogger } from '../../../shared/log.ts';
import { ensureStreams, SAMPLES_STREAM, samplesSubject } from '../../../shared/nats.ts';
import { hostReportCodec } from '../../../shared/proto/load.ts';
import { MIB } from '../../../shared/units.ts';
import {
  giveAway,
  startPrivateLibvirtd,
  tinyGuest,
  whyNoLibvirtd,
  type PrivateLibvirtd,
} from '../libvirt/private-libvirtd.ts';
import { skipWithout, startNats, untilRefused } from '../../services.ts';

const URI = 'qemu:///session';
const WAIT = { timeoutMs: 30_000 };
const PAUSED = 1;
const reason = whyNoLibvirtd();
const skip = reason ?? false;

interface Setup {
  readonly libvirtd: PrivateLibvirtd;
  readonly connection: Connection;
  readonly telemetry: Telemetry;
}

/** One libvirtd for all tests, since probing QEMU at its start takes seconds; it keeps the process alive until ended. */
let shared: Promise<PrivateLibvirtd> | undefined;

async function open(libvirtd: PrivateLibvirtd): Promise<Connection> {
  return connect(libvirtd.target, { ...WAIT, uri: URI, readOnly: false, clock: systemClock });
}

/** Paused guests, by name and extra devices; gone after the test. */
async function withGuests(
  t: Test,
  guests: Readonly<Record<string, string>>,
): Promise<Omit<Setup, 'telemetry'>> {
  shared ??= startPrivateLibvirtd();
  const libvirtd = await shared;
  const connection = await open(libvirtd);
  for (const [name, devices] of Object.entries(guests))
    await createXml(connection, tinyGuest(name, devices), PAUSED, WAIT);
  t.teardown(async () => {
    await connection.close();
    const ending = await open(libvirtd);
    for (const guest of await listDomains(ending, ListDomainsFlag.active, WAIT))
      await destroy(ending, guest, 0, WAIT);
    await ending.close();
  });
  return { libvirtd, connection };
}

function telemetryOf(
  t: Test,
  libvirtd: PrivateLibvirtd,
  {
    natsUrl = 'nats://127.0.0.1:1',
    // Back after a tenth of the longest wait, to keep the test short.
    random = (): number => 0.1,
  } = {},
): Telemetry {
  const telemetry = startTelemetry({
    settings: {
      sampling: { intervalS: 1, procRoot: '/proc', sysRoot: '/sys' },
      buffer: { minutes: 1 },
    },
    lookAtSource: () => Promise.resolve({ obstacles: [], identities: new Map(), hostCpuXml: '' }),
    libvirt: { target: libvirtd.target, uri: URI },
    identity: () =>
      Promise.resolve({
        agentAddress: '10.0.0.1:7443',
        certificateSha256: '',
        agentVersion: '0.1.0',
        libvirtUri: 'qemu+tls://10.0.0.1/system',
        migrateUri: 'tcp://10.0.0.1',
      }),
    connectNats: () => connectNats({ servers: natsUrl, timeout: 500 }),
    clock: systemClock,
    random,
    logger: createLogger('test', process.env['TEST_LOG'] ?? 'silent'),
  });
  t.teardown(() => telemetry.stop());
  return telemetry;
}

async function setUp(t: Test, names: readonly string[]): Promise<Setup> {
  const setup = await withGuests(t, Object.fromEntries(names.map((name) => [name, ''])));
  return { ...setup, telemetry: telemetryOf(t, setup.libvirtd) };
}

/** The first report from now on for which `isWanted` holds. */
async function report(
  telemetry: Telemetry,
  isWanted: (report: HostReport) => boolean,
  what: string,
): Promise<HostReport> {
  const deadlineAtMs = performance.now() + 40_000;
  const seen = telemetry.latest()?.sequence ?? 0;
  for (;;) {
    const latest = telemetry.latest();
    if (latest !== undefined && latest.sequence > seen && isWanted(latest)) return latest;
    if (performance.now() > deadlineAtMs)
      throw new Error(`no report with ${what} within 40 s; last: ${JSON.stringify(latest)}`);
    await systemClock.sleep(20);
  }
}

function vm(report: HostReport, name: string): VmSample | undefined {
  return report.vms.find((candidate) => candidate.name === name);
}

function hasRates(report: HostReport, ...names: readonly string[]): boolean {
  return names.every((name) => vm(report, name)?.cpuCores !== undefined);
}

void t.test('a report tells what host and VMs are and do', { skip }, async (t) => {
  const { libvirtd, connection } = await withGuests(t, { b: '' });
  const image = join(libvirtd.directory, 'images', 'a.img');
  writeFileSync(image, Buffer.alloc(MIB));
  giveAway(image);
  const disk = `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='vda' bus='virtio'/></disk>`;
  await createXml(connection, tinyGuest('a', disk), PAUSED, WAIT);
  await resume(connection, await lookupByName(connection, 'b', WAIT), WAIT);
  const telemetry = telemetryOf(t, libvirtd);
  const first = await report(telemetry, () => true, 'anything');
  t.match(first, {
    hostId: /^[0-9a-f-]{36}$/,
    hostName: /./,
    bootId: /^[0-9a-f-]{36}$/,
    intervalMs: 1000,
    vmsComplete: true,
    agent: { stuckVms: 0, reportsDropped: 0 },
    facts: {
      agentAddress: '10.0.0.1:7443',
      libvirtVersion: /^\d+\.\d+\.\d+$/,
      hypervisorVersion: /^\d+\.\d+\.\d+$/,
      architecture: 'x86_64',
      cpuModel: /./,
    },
  });
  t.equal(first.tickAtMs % 1000, 0);
  const later = await report(telemetry, (r) => hasRates(r, 'a', 'b'), 'rates');
  t.equal(later.bootId, first.bootId);
  t.match(vm(later, 'a'), {
    state: 'VM_STATE_PAUSED',
    counted: true,
    stuck: false,
    vcpus: 1,
    cpuDemandCores: Number,
    stealRatio: Number,
    memoryAssignedBytes: 16 * MIB,
    memoryUsedSource: 'MEMORY_USED_SOURCE_RSS',
    disks: [{ device: 'vda', capacityBytes: MIB, readBytesPerSecond: 0 }],
    metadata: { owner: '', rules: { neverMove: false } },
  });
  t.equal(vm(later, 'b')?.state, 'VM_STATE_RUNNING');
  t.ok((later.host?.cpuUsedCores ?? -1) >= 0);
  t.ok(telemetry.isHealthy());
});

void t.test('a guest whose QEMU is stopped does not stop the samples of the others', { skip }, async (t) => {
  const { libvirtd, telemetry } = await setUp(t, ['a', 'b', 'c']);
  await report(telemetry, (r) => hasRates(r, 'a', 'b', 'c'), 'rates');
  const pid = libvirtd.qemuPid('b');
  process.kill(pid, 'SIGSTOP');
  t.teardown(() => process.kill(pid, 'SIGCONT'));
  const stuck = await report(telemetry, (r) => vm(r, 'b')?.stuck === true, 'b stuck');
  t.match(vm(stuck, 'b'), {
    counted: false,
    state: 'VM_STATE_PAUSED',
    vcpus: 1,
    memoryAssignedBytes: 16 * MIB,
  });
  t.equal(stuck.agent?.stuckVms, 1);
  // Several ticks in a row, each on time and with all of the others.
  for (let tick = 1; tick <= 4; tick += 1) {
    const next = await report(telemetry, () => true, 'anything');
    t.match(next, {
      vmsComplete: true,
      tickAtMs: stuck.tickAtMs + tick * 1000,
      sequence: stuck.sequence + tick,
    });
    t.ok(hasRates(next, 'a', 'c'), 'the others have rates');
    t.equal(vm(next, 'b')?.stuck, true);
  }
  process.kill(pid, 'SIGCONT');
  const healed = await report(telemetry, (r) => vm(r, 'b')?.stuck === false, 'b answering');
  t.equal(vm(healed, 'b')?.counted, true);
  t.equal(healed.vmsComplete, true);
});

void t.test('a guest that was stuck before the agent came is found too', { skip }, async (t) => {
  const { libvirtd } = await withGuests(t, { a: '', b: '' });
  const pid = libvirtd.qemuPid('a');
  process.kill(pid, 'SIGSTOP');
  t.teardown(() => process.kill(pid, 'SIGCONT'));
  const telemetry = telemetryOf(t, libvirtd);
  const found = await report(telemetry, (r) => vm(r, 'a')?.stuck === true && hasRates(r, 'b'), 'a stuck');
  t.equal(found.vmsComplete, true);
  process.kill(pid, 'SIGCONT');
  await report(telemetry, (r) => vm(r, 'a')?.stuck === false, 'a answering');
});

void t.test('two guests that get stuck one after the other leave the third', { skip }, async (t) => {
  const { libvirtd, telemetry } = await setUp(t, ['a', 'b', 'c']);
  await report(telemetry, (r) => hasRates(r, 'a', 'b', 'c'), 'rates');
  const pids = ['a', 'b'].map((name) => libvirtd.qemuPid(name));
  t.teardown(() => {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  });
  for (const [at, pid] of pids.entries()) {
    process.kill(pid, 'SIGSTOP');
    await report(telemetry, (r) => r.agent?.stuckVms === at + 1 && hasRates(r, 'c'), `${at + 1} stuck`);
  }
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  await report(
    telemetry,
    (r) => r.agent?.stuckVms === 0 && r.vmsComplete && r.vms.length === 3,
    'all answering',
  );
});

void t.test(
  'while libvirt is away the host is reported alone, and rates go on afterwards',
  { skip },
  async (t) => {
    const { libvirtd, telemetry } = await setUp(t, ['a']);
    const before = await report(telemetry, (r) => hasRates(r, 'a'), 'rates');
    await libvirtd.kill();
    const away = await report(telemetry, (r) => !r.vmsComplete, 'no VMs');
    t.same(away.vms, []);
    t.equal(away.hostId, before.hostId);
    t.ok((away.host?.cpuUsedCores ?? -1) >= 0);
    await libvirtd.start();
    const back = await report(telemetry, (r) => r.vmsComplete, 'VMs again');
    t.ok(hasRates(back, 'a'), 'the same QEMU process keeps its epoch');
    t.equal(vm(back, 'a')?.libvirtId, vm(before, 'a')?.libvirtId);
  },
);

void t.test('when libvirt is back, so is all that a stuck guest is found with', { skip }, async (t) => {
  const { libvirtd } = await withGuests(t, { a: '', b: '' });
  // The two connections wait for different times, each longer than the one before.
  let draws = 0;
  const telemetry = telemetryOf(t, libvirtd, { random: () => ((draws += 1) * 0.618) % 1 });
  await report(telemetry, (r) => hasRates(r, 'a', 'b'), 'rates');
  await libvirtd.kill();
  // Three by each connection: from then on they wait for seconds.
  await untilRefused({ path: libvirtd.socket }, 6);
  await libvirtd.start();
  const back = await report(telemetry, (r) => r.vmsComplete, 'VMs again');
  const pid = libvirtd.qemuPid('b');
  process.kill(pid, 'SIGSTOP');
  t.teardown(() => process.kill(pid, 'SIGCONT'));
  for (let tick = 1; tick <= 4; tick += 1) {
    const next = await report(telemetry, ({ sequence }) => sequence === back.sequence + tick, `tick ${tick}`);
    t.match(next, { vmsComplete: true, vms: [{}, {}] });
    t.equal(vm(next, 'a')?.counted, true);
  }
});

void t.test(
  'VMs that come, go and come again, and changed metadata, show at the next tick',
  { skip },
  async (t) => {
    const { connection, telemetry } = await setUp(t, ['a']);
    await report(telemetry, (r) => hasRates(r, 'a'), 'rates');
    const xml = `<vm><owner>ops</owner><rules neverMove="yes" downtimeMaxMs="250"/></vm>`;
    const key = {
      namespaceUri: 'https://evenkeel.dev/xmlns/vm/1',
      affect: Affect.live,
      prefix: 'evenkeel',
      xml,
    };
    await setMetadata(connection, await lookupByName(connection, 'a', WAIT), key, WAIT);
    const changed = await report(telemetry, (r) => vm(r, 'a')?.metadata?.owner === 'ops', 'new metadata');
    t.match(vm(changed, 'a')?.metadata?.rules, { neverMove: true, downtimeMaxMs: 250, postCopy: false });
    const old = vm(changed, 'a');
    await destroy(connection, await lookupByName(connection, 'a', WAIT), 0, WAIT);
    const gone = await report(telemetry, (r) => r.vms.length === 0, 'no VM');
    t.equal(gone.vmsComplete, true);
    const again = tinyGuest('a').replace('<memory', `<uuid>${old?.uuid ?? ''}</uuid><memory`);
    // Watched from before it starts: a slow start is reported while it goes on.
    const [first] = await Promise.all([
      report(telemetry, (r) => r.vms.length === 1, 'the VM again'),
      createXml(connection, again, PAUSED, WAIT),
    ]);
    t.equal(vm(first, 'a')?.uuid, old?.uuid);
    t.ok((vm(first, 'a')?.libvirtId ?? 0) > (old?.libvirtId ?? 0));
    t.equal(vm(first, 'a')?.cpuCores, undefined, 'counters of another process give no rate');
  },
);

const skipPipeline = reason ?? skipWithout('nats-server');

void t.test(
  'every report reaches JetStream, in order, and its samples are counted',
  { skip: skipPipeline },
  async (t) => {
    const nats = await startNats();
    t.teardown(() => nats.remove());
    const admin = await connectNats({ servers: nats.url });
    const manager = await admin.jetstreamManager();
    await ensureStreams(manager, { samplesMaxBytes: 100 * MIB, eventsMaxBytes: 10 * MIB });
    const { libvirtd } = await withGuests(t, { a: '' });
    const telemetry = telemetryOf(t, libvirtd, { natsUrl: nats.url });
    await report(telemetry, (r) => r.sequence >= 4, 'four ticks');
    await telemetry.stop();
    const { state } = await manager.streams.info(SAMPLES_STREAM);
    const reports: HostReport[] = [];
    for (let at = state.first_seq; at <= state.last_seq; at += 1) {
      const message = await manager.streams.getMessage(SAMPLES_STREAM, { seq: at });
      const decoded = hostReportCodec.decode(message.data);
      t.equal(message.subject, samplesSubject(decoded.hostId));
      t.equal(message.header.get('Nats-Msg-Id'), `${decoded.hostId}:${decoded.bootId}:${decoded.sequence}`);
      reports.push(decoded);
    }
    await admin.close();
    t.same(
      reports.map(({ sequence }) => sequence),
      reports.map((_, at) => at + 1),
    );
    const last = reports.at(-1);
    t.ok(
      (last?.agent?.samplesPublished ?? 0) >= 2 * (reports.length - 2),
      'one for the host and one for the VM',
    );
    t.equal(last?.vms[0]?.name, 'a');
  },
);

void t.test('the libvirtd of these tests ends', { skip }, async () => {
  await (await shared)?.stop();
});

void t.test('ticks fall on multiples of the interval and never twice on one', (t) => {
  t.equal(nextTickAtMs(12_001, 5000, 10_000), 15_000);
  t.equal(nextTickAtMs(15_000, 5000, 15_000), 20_000, 'on time');
  t.equal(nextTickAtMs(14_999.6, 5000, 15_000), 20_000, 'a timer that fired early');
  t.equal(nextTickAtMs(27_000, 5000, 15_000), 30_000, 'a tick left out');
  t.equal(nextTickAtMs(3000, 5000, 15_000), 5000, 'a clock that was set back');
  t.end();
});
