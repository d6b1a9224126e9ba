// Tests live migrations between real hosts: ordered by the planner, by an operator, and with the source's agent killed.
import t, { type Test } from 'tap';
import { hostRun } from '../../lab/hosts/control.ts';
import type { TickRecord, TickWatch } from '../../lab/image/guest.ts';
import { guest as guestFacts, isHostName, type HostName } from '../../lab/topology.ts';
import { causeWord } from '../../shared/cause-word.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import { openCluster, seconds, skipWithoutLab, until, type Cluster, type Guest } from './cluster.ts';

const fileTimeoutMs = 600_000;
t.setTimeout(fileTimeoutMs);

const agentUnit = 'evenkeel-agent.service';
/** Of all that its host uses of its one core; the rest is QEMU's own work, systemd, libvirtd and the agent. */
const ownHostRatio = 0.75;
/** What a stream of ticks may be late for reasons of its own: TCP's retransmission and a busy machine (issue's bound). */
const lateMaxMs = 500;

t.test('live migration', { skip: skipWithoutLab(), timeout: fileTimeoutMs }, async (t) => {
  const cluster = await openCluster(t);

  await t.test('of two guests that want one core each, evenkeel moves one off by itself', async (t) => {
    const guests = await Promise.all([cluster.create(101, 'kvm1'), cluster.create(102, 'kvm1')]);
    const watches = await watchAll(t, cluster, guests);
    await cluster.areSampled(...guests);
    // Booting is load too, but the decision must be about the overload below.
    await cluster.isCalm('kvm1');
    const earlier = await cluster.migrations();
    await cluster.run('mode', 'auto');
    const overloadAtMs = Date.now();
    await Promise.all(guests.map((guest) => guest.tell('burn 1')));

    const decision = await until(
      'a decision to move one of the burning guests',
      90_000,
      async () => (await cluster.decisions()).filter(({ atMs }) => atMs >= overloadAtMs),
      (decisions) => decisions.some(({ move }) => move !== undefined && move !== null),
    ).then((decisions) => decisions.find(({ move }) => move));
    const move = decision?.move;
    t.equal(decision?.hostName, 'kvm1');
    t.match(decision?.evidence, [/cpu/i], 'says why the host counts as hot');
    t.match(move?.reason, /\S/, 'says why this move helps');
    t.match(move?.projections, [{ resource: 'cpu' }], 'says what it expects of both hosts');
    t.comment(
      `decision ${seconds((decision?.atMs ?? 0) - overloadAtMs)} after the overload: ${move?.reason}`,
    );

    const moved = await ended(cluster, ({ decisionId }) => decisionId === decision?.decisionId);
    const told = await cluster.evenkeel('decisions');
    t.equal(told.status, 0);
    t.ok(told.stdout.includes(moved.vmName), 'the decision is shown by the CLI');
    await arrived(t, cluster, moved, { from: 'kvm1' });
    await cluster.run('mode', 'recommend');
    const at = guests.findIndex(({ name }) => name === moved.vmName);
    await gapIsBounded(t, watches[at], moved);
    const stayed = guests[1 - at]?.name ?? '';
    t.strictSame(await cluster.copies(stayed), [{ host: 'kvm1', state: 'running' }], 'the other one stays');

    // Not in cores: what a host gets of its one core depends on what else this machine does.
    const shares = await until(
      'each guest has its host to itself',
      60_000,
      () => sharesOf(cluster, guests),
      (seen) => seen.every(({ ratio }) => ratio >= ownHostRatio),
    );
    t.pass('both guests run at full speed, each with a host to itself');
    for (const { cores, ratio } of shares)
      t.comment(`uses ${cores.toFixed(2)} cores, ${Math.round(ratio * 100)} % of what its host uses`);
    t.equal((await cluster.migrations()).length, earlier.length + 1, 'one migration was enough');
    for (const watch of watches) t.match(watch.record(), { missing: 0, ended: undefined });
  });
  await cluster.removeVms();

  await t.test('an operator moves a guest, and impossible orders are refused', async (t) => {
    const guest = await cluster.create(103, 'kvm1');
    const [watch] = await watchAll(t, cluster, [guest]);
    await cluster.areSampled(guest);
    // Enough to copy for progress to be shown.
    await guest.tell('dirty 20 64');
    watch?.restart();

    const to = await cluster.evenkeel('migrate', guest.name, '--to', 'kvm2');
    t.equal(to.status, 0, to.stderr);
    t.match(`${to.stdout}${to.stderr}`, /\d+ ?%/, 'shows how far it is');
    const first = await ended(
      cluster,
      ({ vmName, targetHostName }) => vmName === guest.name && targetHostName === 'kvm2',
    );
    await arrived(t, cluster, first, { from: 'kvm1', to: 'kvm2' });
    await gapIsBounded(t, watch, first);

    await until(
      'the guest is seen on kvm2',
      30_000,
      () => hostOf(cluster, guest),
      (host) => host === 'kvm2',
    );
    watch?.restart();
    t.match(await cluster.run('migrate', guest.name), { state: 'succeeded', sourceHostName: 'kvm2' });
    const second = await ended(
      cluster,
      ({ vmName, sourceHostName }) => vmName === guest.name && sourceHostName === 'kvm2',
    );
    await arrived(t, cluster, second, { from: 'kvm2' });
    await gapIsBounded(t, watch, second);

    const host = await until(
      'the guest is seen on its new host',
      30_000,
      () => hostOf(cluster, guest),
      (name) => name !== 'kvm2',
    );
    const [before, migrations] = [await cluster.inventory(), (await cluster.migrations()).length];
    for (const [args, status, words] of [
      [[guest.name, '--to', host], 2, [guest.name, host]],
      [[guest.name, '--to', 'kvm9'], 3, ['kvm9', 'kvm1', 'kvm2', 'kvm3']],
      [['e2e-nobody', '--to', 'kvm1'], 3, ['e2e-nobody']],
      [['<b>e2e</b>'], 3, ['<b>e2e</b>']],
    ] as const) {
      const refused = await cluster.evenkeel('migrate', ...args);
      t.equal(refused.status, status, `migrate ${args.join(' ')}: ${refused.stderr.trim()}`);
      for (const word of words) t.ok(refused.stderr.includes(word), `the error names ${word}`);
    }
    t.strictSame(await cluster.inventory(), before, 'refusals change nothing');
    t.equal((await cluster.migrations()).length, migrations, 'refusals are no migrations');
  });
  await cluster.removeVms();

  await t.test(
    "the source's agent is killed during a migration, and the guest still ends on one host",
    async (t) => {
      const guest = await cluster.create(104, 'kvm1');
      const [watch] = await watchAll(t, cluster, [guest]);
      await cluster.areSampled(guest);
      // More than a migration may copy in a second, so that it does not end by itself.
      await guest.tell('dirty 400 96');
      const earlier = new Set((await cluster.migrations()).map(({ migrationId }) => migrationId));
      const isNew = ({ migrationId }: Migration): boolean => !earlier.has(migrationId);
      watch?.restart();
      await cluster.run('migrate', guest.name, '--to', 'kvm3', '--no-wait');
      await until(
        'memory is being copied',
        30_000,
        async () => (await cluster.migrations()).filter(isNew),
        (found) =>
          found.some(
            ({ state, progress }) => state === 'MIGRATION_STATE_COPYING' && (progress?.iteration ?? 0) > 0,
          ),
      );
      const pidBefore = await agentPid('kvm1');
      await hostRun('kvm1', ['systemctl', 'kill', '--kill-who=main', '--signal=KILL', agentUnit], {
        timeoutMs: 20_000,
      });
      const killedMs = performance.now();
      const pidAfter = await until(
        'systemd restarts the agent',
        60_000,
        () => agentPid('kvm1'),
        (pid) => pid !== 0 && pid !== pidBefore,
      );
      t.not(pidAfter, pidBefore);
      t.comment(`the agent was back after ${seconds(performance.now() - killedMs)}`);
      const [going] = (await cluster.migrations()).filter(isNew);
      t.equal(going?.endedAtMs, 0, 'the migration still goes on');
      await guest.tell('dirty 0');
      const migration = await ended(cluster, isNew);
      t.match(migration.state, /SUCCEEDED|FAILED|ABORTED/, 'the migration has an outcome');
      t.match(migration.outcome, /\S/);
      t.comment(`${migration.state} ${causeWord(migration.causeCode)}: ${migration.outcome}`);
      const home = migration.state === 'MIGRATION_STATE_SUCCEEDED' ? 'kvm3' : 'kvm1';
      t.strictSame(
        await cluster.copies(guest.name),
        [{ host: home, state: 'running' }],
        'one copy, where the outcome says',
      );
      t.match(watch?.record(), { missing: 0, ended: undefined }, 'the guest never noticed');
      t.equal((await cluster.migrations()).filter(isNew).length, 1, 'it was ordered once');
      await cluster.hostsAreReady();
    },
  );
});

async function watchAll(t: Test, cluster: Cluster, guests: readonly Guest[]): Promise<TickWatch[]> {
  const startedMs = performance.now();
  const watches = await Promise.all(guests.map((guest) => guest.watch()));
  t.comment(`${guests.length} guests up after ${seconds(performance.now() - startedMs)}`);
  t.teardown(() => {
    for (const watch of watches) watch.close();
  });
  return watches;
}

/** The first matching migration, once it has ended. */
async function ended(cluster: Cluster, fits: (migration: Migration) => boolean): Promise<Migration> {
  const found = await until(
    'the migration has ended',
    180_000,
    async () => (await cluster.migrations()).filter(fits),
    ([migration]) => (migration?.endedAtMs ?? 0) > 0,
  );
  const [migration] = found;
  if (migration === undefined) throw new Error('unreachable');
  return migration;
}

/** Checks that a migration succeeded and that libvirt, on all hosts, shows the guest once, where it should be. */
async function arrived(
  t: Test,
  cluster: Cluster,
  migration: Migration,
  way: { readonly from: HostName; readonly to?: HostName },
): Promise<void> {
  const { vmName, sourceHostName, targetHostName, progress } = migration;
  t.match(migration, {
    state: 'MIGRATION_STATE_SUCCEEDED',
    sourceHostName: way.from,
    causeCode: 'MIGRATION_CAUSE_UNSPECIFIED',
  });
  if (way.to !== undefined) t.equal(targetHostName, way.to);
  t.ok(isHostName(targetHostName) && targetHostName !== sourceHostName, 'it has a target of its own');
  t.strictSame(
    await cluster.copies(vmName),
    [{ host: targetHostName, state: 'running' }],
    'exactly one copy',
  );
  t.comment(
    `${vmName} from ${sourceHostName} to ${targetHostName} in ${migration.endedAtMs - migration.startedAtMs} ms, ` +
      `downtime ${progress?.downtimeMs ?? '?'} ms`,
  );
}

/** Checks that the connection held, no tick was lost, and that the guest was silent for hardly longer than libvirt says. */
async function gapIsBounded(t: Test, watch: TickWatch | undefined, { progress }: Migration): Promise<void> {
  // A few more ticks, since the silence may not have ended yet.
  const before = watch?.record().count ?? 0;
  const record = await until(
    'the guest ticks on',
    30_000,
    () => Promise.resolve(watch?.record()),
    (seen) => (seen?.count ?? 0) > before + 10,
  );
  if (record === undefined) return;
  t.match(record, { missing: 0, ended: undefined }, 'the connection holds and no tick is lost');
  const downtimeMs = progress?.downtimeMs;
  t.type(downtimeMs, 'number', 'the downtime was measured');
  const boundMs = (downtimeMs ?? 0) + 2 * ownIntervalMs(record) + lateMaxMs;
  t.ok(
    record.longestSilenceMs <= boundMs,
    `silent for ${record.longestSilenceMs} ms, at most ${Math.round(boundMs)} ms`,
  );
}

function ownIntervalMs({ meanIntervalMs }: TickRecord): number {
  return Math.max(meanIntervalMs, guestFacts.tickIntervalMs);
}

/** CPU use of each guest, in cores and as a share of its host's use. */
async function sharesOf(
  cluster: Cluster,
  guests: readonly Guest[],
): Promise<{ cores: number; ratio: number }[]> {
  const [vms, loads] = await Promise.all([cluster.vms(), cluster.hosts()]);
  return guests.map(({ name }) => {
    const vm = vms.find(({ sample }) => sample?.name === name);
    const host = loads.find(({ hostId }) => hostId === vm?.hostId);
    const cores = vm?.sample?.cpuCores ?? 0;
    return { cores, ratio: cores / (host?.sample?.cpuUsedCores ?? Infinity) };
  });
}

async function hostOf(cluster: Cluster, { name }: Guest): Promise<string> {
  return (await cluster.vms()).find(({ sample }) => sample?.name === name)?.hostName ?? '';
}

async function agentPid(host: HostName): Promise<number> {
  const text = await hostRun(host, ['systemctl', 'show', '--property=MainPID', '--value', agentUnit], {
    timeoutMs: 20_000,
  });
  return Number(text.trim());
}
