// Tests outages of what evenkeel depends on: NATS, InfluxDB, libvirtd and a guest's QEMU. Nothing is lost and the rest continues.
import t, { type Test } from 'tap';
import {
  hostExec,
  hostRun,
  signalQemu,
  startService,
  stopService,
  type ServiceName,
} from '../../lab/hosts/control.ts';
import { hosts, labHost, type HostName } from '../../lab/topology.ts';
import type { HostReport } from '../../shared/gen/telemetry.ts';
import { openCluster, seconds, skipWithoutLab, sleep, until, type Cluster, type Guest } from './cluster.ts';
import { nothingIsLost } from './samples.ts';

const fileTimeoutMs = 600_000;
t.setTimeout(fileTimeoutMs);

const outageMs = 60_000;

t.test('outages', { skip: skipWithoutLab(), timeout: fileTimeoutMs }, async (t) => {
  const cluster = await openCluster(t);
  // One set of guests for all cases, since booting them takes longer than most cases.
  const [first, second, still, other] = await Promise.all([
    cluster.create(111, 'kvm1'),
    cluster.create(112, 'kvm1'),
    cluster.create(113, 'kvm3'),
    cluster.create(114, 'kvm3'),
  ]);
  const guests = [first, second, still, other];
  const watches = await Promise.all(guests.map((guest) => guest.watch()));
  t.teardown(() => {
    for (const watch of watches) watch.close();
  });
  await cluster.areSampled(...guests);

  await t.test('NATS away for a minute: no sample is lost, no guest notices', async (t) => {
    const fromMs = Date.now();
    for (const watch of watches) watch.restart();
    const stoppedMs = await away('nats', async () => {
      await sleep(outageMs / 2);
      // Operators still see the last known state with its age, and nothing acts on it.
      const states = (await cluster.hosts()).map(({ state }) => state);
      t.strictSame(
        states,
        hosts.map(() => 'HOST_STATE_STALE'),
        'hosts without reports are stale',
      );
      await sleep(outageMs / 2);
    });
    const startedMs = performance.now();
    await cluster.hostsAreReady();
    t.comment(
      `away for ${seconds(stoppedMs)}, all hosts back ${seconds(performance.now() - startedMs)} later`,
    );
    const reports = await nothingIsLost(t, { fromMs, toMs: Date.now() });
    isInEvery(t, reports, 'kvm3', still);
    t.equal(dropped(await cluster.hosts()), 0, 'no buffer overflowed');
    for (const watch of watches) t.match(watch.record(), { missing: 0, ended: undefined });
  });

  await t.test(
    'libvirtd away and started again: the agent recovers, its guests never count as gone',
    async (t) => {
      const fromMs = Date.now();
      const kvm3 = async (): Promise<string> =>
        (await cluster.hosts()).find(({ hostName }) => hostName === 'kvm3')?.state ?? '';
      const known = async (): Promise<number> =>
        (await cluster.vms()).filter(({ hostName }) => hostName === 'kvm3').length;
      const units = ['libvirtd.socket', 'libvirtd-ro.socket', 'libvirtd-admin.socket', 'libvirtd-tcp.socket'];
      await hostRun('kvm3', ['systemctl', 'stop', ...units, 'libvirtd.service'], { timeoutMs: 60_000 });
      try {
        await until('kvm3 counts as unknown', 30_000, kvm3, (state) => state === 'HOST_STATE_UNKNOWN');
        t.equal(await known(), 2, 'its guests are still known, and on kvm3');
      } finally {
        await startLibvirt('kvm3', units);
      }
      const startedMs = performance.now();
      await until('kvm3 is ready', 60_000, kvm3, (state) => state === 'HOST_STATE_READY');
      t.comment(`ready ${seconds(performance.now() - startedMs)} after libvirtd was started`);
      t.equal(await known(), 2);
      await cluster.run('vm', 'show', still.name);
      t.pass('commands reach the new libvirtd');

      const reports = await nothingIsLost(t, { fromMs, toMs: Date.now() });
      const own = reports.filter(({ hostName }) => hostName === 'kvm3');
      t.ok(
        own.some(({ vmsComplete }) => !vmsComplete),
        'the agent reported that it could not see its VMs',
      );
      const complete = own.filter(({ vmsComplete }) => vmsComplete);
      for (const guest of [still, other]) isInEvery(t, complete, 'kvm3', guest);
    },
  );

  await t.test('InfluxDB away for a minute, a guest stuck, and a host overloaded: all at once', async (t) => {
    const fromMs = Date.now();
    for (const watch of watches) watch.restart();
    await signalQemu('kvm3', still.name, 'SIGSTOP');
    t.teardown(() => signalQemu('kvm3', still.name, 'SIGCONT').catch(() => undefined));
    await away('influx', async () => {
      const began = performance.now();
      const move = await rebalanced(t, cluster, [first, second]);
      await until(
        'the stuck guest is reported as stuck',
        30_000,
        async () => (await cluster.vms()).find(({ sample }) => sample?.name === still.name)?.sample?.stuck,
        (stuck) => stuck === true,
      );
      t.pass('the stuck guest is reported as stuck');
      const shown = await cluster.evenkeel('vms');
      t.match(shown.stdout, new RegExp(`${still.name}.*stuck`), 'the CLI shows it');
      t.comment(`rebalanced ${seconds(move)} after the overload, without InfluxDB`);
      await sleep(Math.max(0, outageMs - (performance.now() - began)));
    });
    await signalQemu('kvm3', still.name, 'SIGCONT');
    await until(
      'the guest that was stuck is sampled again',
      60_000,
      async () => (await cluster.vms()).find(({ sample }) => sample?.name === still.name)?.sample,
      (sample) => sample?.stuck === false && sample.counted,
    );
    const reports = await nothingIsLost(t, { fromMs, toMs: Date.now() });
    isInEvery(t, reports, 'kvm3', other);
    const stuckReports = reports.filter(({ vms }) => vms.some(({ stuck }) => stuck));
    t.ok(stuckReports.length > 5, `${stuckReports.length} reports show the stuck guest`);
    t.ok(stuckReports.every(({ hostName }) => hostName === 'kvm3'));
    for (const guest of [first, second, other])
      t.match(watches[guests.indexOf(guest)]?.record(), { missing: 0, ended: undefined });
  });
});

/** Runs `work` while the service is away. Resolves with the duration of the outage, in milliseconds. */
async function away(service: ServiceName, work: () => Promise<void>): Promise<number> {
  const stoppedMs = performance.now();
  await stopService(service);
  try {
    await work();
  } finally {
    await startService(service);
  }
  return performance.now() - stoppedMs;
}

/**
 * An agent that connects to the first socket starts the service at once, and a socket whose service already runs is
 * refused by systemd: then everything is stopped and started again.
 */
async function startLibvirt(host: HostName, sockets: readonly string[]): Promise<void> {
  const wait = { timeoutMs: 60_000 };
  for (let tries = 1; tries < 5; tries += 1) {
    const started = await hostExec(host, ['systemctl', 'start', ...sockets, 'libvirtd.service'], wait);
    if (started.status === 0) return;
    await hostRun(host, ['systemctl', 'stop', ...sockets, 'libvirtd.service'], wait);
  }
  await hostRun(host, ['systemctl', 'start', ...sockets, 'libvirtd.service'], wait);
}

/** Lets both guests burn and waits until one was moved off; resolves with how long that took, in milliseconds. */
async function rebalanced(t: Test, cluster: Cluster, guests: readonly Guest[]): Promise<number> {
  await cluster.isCalm('kvm1');
  const before = (await cluster.migrations()).length;
  await cluster.run('mode', 'auto');
  const startedMs = performance.now();
  await Promise.all(guests.map((guest) => guest.tell('burn 1')));
  const [migration] = await until(
    'one of the burning guests was moved',
    90_000,
    () => cluster.migrations(),
    (migrations) => migrations.length > before && (migrations[0]?.endedAtMs ?? 0) > 0,
  );
  const tookMs = performance.now() - startedMs;
  await cluster.run('mode', 'recommend');
  t.match(migration, { state: 'MIGRATION_STATE_SUCCEEDED', sourceHostName: 'kvm1' });
  t.strictSame(await cluster.copies(migration?.vmName ?? ''), [
    { host: migration?.targetHostName, state: 'running' },
  ]);
  await Promise.all(guests.map((guest) => guest.tell('burn 0')));
  return tookMs;
}

/** Checks that each report of the host counts the guest. */
function isInEvery(t: Test, reports: readonly HostReport[], host: HostName, guest: Guest): void {
  const own = reports.filter(({ hostId }) => hostId === labHost(host).uuid);
  const without = own.filter(({ vms }) => !vms.some(({ name, counted }) => name === guest.name && counted));
  t.strictSame(
    without.map(({ tickAtMs }) => new Date(tickAtMs).toISOString()),
    [],
    `${guest.name} is in each of ${own.length} reports of ${host}`,
  );
}

function dropped(loads: Awaited<ReturnType<Cluster['hosts']>>): number {
  return loads.reduce((sum, { agent }) => sum + (agent?.reportsDropped ?? 0), 0);
}
