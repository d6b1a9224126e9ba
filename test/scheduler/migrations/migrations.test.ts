// Tests migrations from order to recorded outcome: real NATS and gRPC, fake hosts that fail in every way they can.
import t from 'tap';
import { systemClock } from '../../../shared/clock.ts';
import { EVENTS_STREAM } from '../../../shared/nats.ts';
import { eventCodec, schedulerService } from '../../../shared/proto/load.ts';
import { skipWithout } from '../../services.ts';
import { fakeVm, uuidOf, type FakeVm } from '../fake-vm.ts';
import { FakeCluster, hostsOf, migrationIn, migrationsOf, order } from '../harness.ts';
import { until } from '../../until.ts';

const skip = skipWithout('nats-server');

/** What was done to put a VM in order: "kvm1 DESTROY". */
function acts(cluster: FakeCluster): string[] {
  return cluster.hosts.flatMap((host) =>
    host.calls.flatMap(({ method, request }) =>
      method === 'SettleVm' && typeof request === 'object' && request !== null && 'act' in request
        ? [`${host.name} ${String(request.act).replace('SETTLE_ACT_', '')}`]
        : [],
    ),
  );
}

async function clusterWithVm(t: Parameters<typeof FakeCluster.start>[0]): Promise<FakeCluster> {
  const cluster = await FakeCluster.start(t, ['kvm1', 'kvm2', 'kvm3'], 'recommend');
  cluster.host('kvm1').add(fakeVm('web'));
  await cluster.warm(1);
  return cluster;
}

/** Resolves when the first aborts, rejects when the second does. */
async function untilAborted(done: AbortSignal, signal: AbortSignal): Promise<void> {
  while (!done.aborted) await systemClock.sleep(20, signal);
}

/** Where copies of the VM are: "kvm1:RUNNING". */
function copies(cluster: FakeCluster, name = 'web'): string[] {
  return cluster.hosts.flatMap((host) =>
    [...host.vms.values()]
      .filter((vm) => vm.name === name)
      .map(({ state }) => `${host.name}:${state.replace('VM_STATE_', '')}`),
  );
}

void t.test(
  'a migration that an operator orders is checked, copied, verified and told',
  { skip },
  async (t) => {
    const cluster = await clusterWithVm(t);
    const [kvm1, kvm2] = [cluster.host('kvm1'), cluster.host('kvm2')];
    const { states, last } = await order(cluster, { vm: 'web', targetHost: 'kvm2' });
    t.strictSame(
      states.map((state) => state.replace('MIGRATION_STATE_', '')).filter((state) => state !== 'QUEUED'),
      ['ADMITTED', 'CHECKING', 'INTENT', 'PREPARING', 'COPYING', 'VERIFYING', 'SUCCEEDED'].filter((state) =>
        states.includes(`MIGRATION_STATE_${state}`),
      ),
    );
    t.match(last, {
      state: 'MIGRATION_STATE_SUCCEEDED',
      outcome: 'runs on the target, nothing on the source',
      sourceHostName: 'kvm1',
      targetHostName: 'kvm2',
      progress: { downtimeMs: 42 },
      decisionId: '',
    });
    t.strictSame(copies(cluster), ['kvm2:RUNNING']);
    t.match(kvm1.calls.find(({ method }) => method === 'Migrate')?.request, {
      bandwidthBytesPerSecond: 100 * 1024 * 1024,
      downtimeMaxMs: 300,
      timeoutMs: 60_000,
      targetLibvirtUri: 'qemu+tcp://kvm2/system',
      targetMigrateUri: 'tcp://kvm2',
    });
    t.match(kvm2.calls.find(({ method }) => method === 'CheckTarget')?.request, {
      xml: '<domain/>',
      vmName: 'web',
      sourceHypervisorVersion: '7.2.22',
    });
    const told = await until('all events', async () => {
      const manager = await cluster.nats.jetstreamManager();
      const { state } = await manager.streams.info(EVENTS_STREAM);
      return state.messages === 8 ? manager : undefined;
    });
    const final = eventCodec.decode((await told.streams.getMessage(EVENTS_STREAM, { seq: 8 })).data);
    t.match(final, { migration: { state: 'MIGRATION_STATE_SUCCEEDED' } });

    const back = await order(cluster, { vm: uuidOf('web'), targetHost: 'kvm1' });
    t.equal(back.last.state, 'MIGRATION_STATE_SUCCEEDED', 'an operator may move it again at once, by uuid');
    t.ok(back.last.epoch > last.epoch, 'epochs grow');
  },
);

void t.test('the outcome is what both hosts show, whatever libvirt said', { skip }, async (t) => {
  const cluster = await clusterWithVm(t);
  const kvm1 = cluster.host('kvm1');
  const web = kvm1.vms.get(uuidOf('web'));
  if (web === undefined) throw new Error('web runs on kvm1');
  const failed = {
    ok: false,
    causeCode: 'MIGRATION_CAUSE_NOT_CONVERGING',
    message: 'memory changes too fast',
  } as const;
  const told = { ok: true, causeCode: 'MIGRATION_CAUSE_UNSPECIFIED', message: '' } as const;
  const usual = kvm1.copy;
  const home = async (): Promise<void> => {
    for (const host of cluster.hosts) {
      host.vms.clear();
      host.calls.length = 0;
    }
    kvm1.add({ ...web, migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED' });
    kvm1.copy = usual;
    cluster.catchUp();
    await cluster.warm(1);
  };

  kvm1.copy = { ...usual, result: failed, arrives: false };
  const stayed = await order(cluster, { vm: 'web' });
  t.match(stayed.last, {
    state: 'MIGRATION_STATE_ABORTED',
    causeCode: 'MIGRATION_CAUSE_NOT_CONVERGING',
    outcome: /^runs on the source, nothing on the target; memory changes too fast$/,
  });
  t.strictSame(copies(cluster), ['kvm1:RUNNING']);

  await home();
  kvm1.copy = { ...usual, result: failed, arrives: true };
  t.equal(
    (await order(cluster, { vm: 'web' })).last.state,
    'MIGRATION_STATE_SUCCEEDED',
    'failure, but it is there',
  );

  await home();
  kvm1.copy = { ...usual, result: told, arrives: false };
  t.match((await order(cluster, { vm: 'web' })).last, {
    state: 'MIGRATION_STATE_FAILED',
    causeCode: 'MIGRATION_CAUSE_NOT_TOLD',
  });

  await home();
  kvm1.copy = {
    ...usual,
    afterwards: (source, _, vm) =>
      source.add({ ...vm, state: 'VM_STATE_SHUT_OFF', stateReason: 'VM_STATE_REASON_MIGRATED' }),
  };
  t.match((await order(cluster, { vm: 'web' })).last, { state: 'MIGRATION_STATE_SUCCEEDED' });
  t.strictSame(acts(cluster), ['kvm1 UNDEFINE']);
  t.equal(copies(cluster).length, 1, 'the definition on the loser is gone');

  await home();
  kvm1.copy = {
    ...usual,
    afterwards: (source, _, vm) =>
      source.add({ ...vm, state: 'VM_STATE_PAUSED', stateReason: 'VM_STATE_REASON_MIGRATION' }),
  };
  const unconfirmed = await order(cluster, { vm: 'web' });
  t.match(unconfirmed.last, { state: 'MIGRATION_STATE_SUCCEEDED', outcome: /nothing on the source/ });
  t.ok(
    unconfirmed.states.includes('MIGRATION_STATE_CLEANUP'),
    'the outcome is recorded before the loser is touched',
  );
  t.strictSame(acts(cluster), ['kvm1 DESTROY', 'kvm1 UNDEFINE']);
  t.equal(copies(cluster).length, 1);

  await home();
  kvm1.copy = { ...usual, arrives: false, afterwards: (_, target, vm) => target.add({ ...vm }) };
  const split = await order(cluster, { vm: 'web' });
  t.match(split.last, { state: 'MIGRATION_STATE_SPLIT', outcome: /^SPLIT/ });
  const { targetHostName } = split.last;
  const target = cluster.host(targetHostName);
  await until('the later copy to be suspended', () => (acts(cluster).length > 0 ? true : undefined));
  t.strictSame(acts(cluster), [`${targetHostName} SUSPEND`], 'nothing is destroyed');
  t.strictSame(copies(cluster).sort(), ['kvm1:RUNNING', `${targetHostName}:PAUSED`].sort());
  await t.rejects(order(cluster, { vm: 'web' }), { code: 'FAILED_PRECONDITION' }, 'the VM is quarantined');
  target.vms.clear();
  const solved = await migrationIn(cluster, 'MIGRATION_STATE_FAILED');
  t.equal(solved.migrationId, split.last.migrationId, 'once an operator has solved it, it is seen');
});

void t.test('a refusal before the copy leaves everything as it was', { skip }, async (t) => {
  const cluster = await clusterWithVm(t);
  const [kvm1, kvm2] = [cluster.host('kvm1'), cluster.host('kvm2')];
  kvm2.refusals = [{ causeCode: 'MIGRATION_CAUSE_BRIDGE_MISSING', reason: 'no bridge br1', cure: 'make it' }];
  const { last } = await order(cluster, { vm: 'web', targetHost: 'kvm2' });
  t.match(last, {
    state: 'MIGRATION_STATE_FAILED',
    causeCode: 'MIGRATION_CAUSE_BRIDGE_MISSING',
    outcome: 'kvm2 refuses it: no bridge br1; make it',
    startedAtMs: 0,
  });
  t.notOk(kvm1.methods().includes('Migrate'));
  await kvm2.stop();
  const gone = await order(cluster, { vm: 'web', targetHost: 'kvm2' });
  t.match(gone.last, { state: 'MIGRATION_STATE_FAILED', causeCode: 'MIGRATION_CAUSE_DST_UNREACHABLE' });
});

void t.test('an order waits for a host whose last sample lacked its VMs', { skip }, async (t) => {
  const cluster = await clusterWithVm(t);
  const kvm1 = cluster.host('kvm1');
  kvm1.vmsComplete = false;
  await cluster.tick();
  await until('kvm1 to be unknown', async () => {
    const hosts = await hostsOf(cluster);
    return hosts.some(({ state }) => state === 'HOST_STATE_UNKNOWN') ? true : undefined;
  });
  const waiting = order(cluster, { vm: 'web', targetHost: 'kvm2' });
  // The order came before these questions, and looks again at the sample that they wait for.
  const reportedAtMs = async (): Promise<number> =>
    (await hostsOf(cluster)).find(({ hostName }) => hostName === 'kvm1')?.lastReportAtMs ?? 0;
  const beforeMs = await reportedAtMs();
  await cluster.tick();
  await until('the next sample', async () => (await reportedAtMs()) > beforeMs);
  t.strictSame(await migrationsOf(cluster), [], 'nothing is done on a guess');
  kvm1.vmsComplete = true;
  await cluster.tick();
  t.equal((await waiting).last.state, 'MIGRATION_STATE_SUCCEEDED');

  cluster.host('kvm2').vmsComplete = false;
  cluster.catchUp();
  await cluster.tick();
  await t.rejects(order(cluster, { vm: 'web', targetHost: 'kvm1' }), {
    code: 'FAILED_PRECONDITION',
    message: /its host kvm2 is unknown/,
  });
});

void t.test('orders that cannot be carried out are refused with their reason', { skip }, async (t) => {
  const cluster = await clusterWithVm(t);
  const kvm1 = cluster.host('kvm1');
  kvm1.add(fakeVm('db', { memoryMaxBytes: 1.5 * 1024 ** 3 }));
  cluster.host('kvm3').add(fakeVm('big', { memoryMaxBytes: 1.5 * 1024 ** 3 }));
  await cluster.warm(3);
  const refused = async (vm: string, targetHost: string, code: string, message: RegExp): Promise<void> => {
    await t.rejects(order(cluster, { vm, targetHost }), { code, message });
  };
  await refused('nope', '', 'NOT_FOUND', /vm: no VM "nope"; running: big, db, web/);
  await refused('', '', 'INVALID_ARGUMENT', /vm: must be the uuid or name/);
  await refused('web', 'kvm9', 'NOT_FOUND', /target_host: no host "kvm9"; known: kvm1, kvm2, kvm3/);
  await refused('web', 'kvm1', 'INVALID_ARGUMENT', /target_host: web already runs on kvm1/);
  await refused(
    'db',
    'kvm3',
    'FAILED_PRECONDITION',
    /migrate db to kvm3: its VMs could then grow to 3\.0 GiB/,
  );

  const copying = new AbortController();
  kvm1.copy = {
    ...kvm1.copy,
    whileCopying: (_, signal) => systemClock.sleep(60_000, AbortSignal.any([signal, copying.signal])),
  };
  const first = order(cluster, { vm: 'web', targetHost: 'kvm2' });
  const { migrationId } = await migrationIn(cluster, 'MIGRATION_STATE_COPYING');
  await refused('web', 'kvm3', 'FAILED_PRECONDITION', /a migration of it is under way/);
  t.equal((await migrationsOf(cluster)).length, 1, 'nothing was recorded for them');
  const waiting = order(cluster, { vm: 'db', targetHost: 'kvm2' });
  await migrationIn(cluster, 'MIGRATION_STATE_QUEUED');

  const { client } = cluster;
  const abort = (id: string) =>
    client.unary(schedulerService.AbortMigration, 'abort', { migrationId: id }, { timeoutMs: 5_000 });
  await t.rejects(abort('x'), { code: 'NOT_FOUND' });
  await t.rejects(abort(''), { code: 'INVALID_ARGUMENT', message: /migration_id/ });
  const answer = await abort(migrationId);
  t.equal(answer.migration?.migrationId, migrationId);
  t.match((await first).last, { state: 'MIGRATION_STATE_ABORTED', causeCode: 'MIGRATION_CAUSE_USER_ABORT' });
  t.strictSame(copies(cluster), ['kvm1:RUNNING']);
  kvm1.copy = { ...kvm1.copy, whileCopying: () => Promise.resolve() };
  t.equal((await waiting).last.state, 'MIGRATION_STATE_SUCCEEDED', 'what waited for the slot goes on');
  await t.rejects(abort(migrationId), { code: 'FAILED_PRECONDITION' });
});

void t.test(
  'a scheduler that restarts follows what was under way and orders nothing again',
  { skip },
  async (t) => {
    const cluster = await clusterWithVm(t);
    const kvm1 = cluster.host('kvm1');
    const copied = new AbortController();
    kvm1.copy = { ...kvm1.copy, whileCopying: (_, signal) => untilAborted(copied.signal, signal) };
    const ordered = order(cluster, { vm: 'web', targetHost: 'kvm2' }).catch(() => undefined);
    const before = await migrationIn(cluster, 'MIGRATION_STATE_COPYING');
    await cluster.restart();
    await ordered;
    // Under a higher epoch, so that commands of the past are refused.
    const found = await until('it to be followed again', async () => {
      const [newest] = await migrationsOf(cluster);
      return newest?.state === 'MIGRATION_STATE_COPYING' && newest.epoch > before.epoch ? newest : undefined;
    });
    t.equal(found.migrationId, before.migrationId);
    copied.abort();
    const ended = await migrationIn(cluster, 'MIGRATION_STATE_SUCCEEDED');
    t.equal(ended.migrationId, before.migrationId);
    t.strictSame(copies(cluster), ['kvm2:RUNNING']);
    await until('both agents to be told', () =>
      kvm1.intents.size + cluster.host('kvm2').intents.size === 0 ? true : undefined,
    );
  },
);

void t.test('a restart of the agent while it copies is ridden out', { skip }, async (t) => {
  const cluster = await clusterWithVm(t);
  const kvm1 = cluster.host('kvm1');
  const copied = new AbortController();
  kvm1.copy = { ...kvm1.copy, whileCopying: (_, signal) => untilAborted(copied.signal, signal) };
  const ordered = order(cluster, { vm: 'web', targetHost: 'kvm2' });
  await migrationIn(cluster, 'MIGRATION_STATE_COPYING');
  await kvm1.stop();
  await kvm1.start();
  await until('it to be attached to again', () =>
    kvm1.methods().filter((method) => method === 'Migrate').length > 1 ? true : undefined,
  );
  copied.abort();
  const { states, last } = await ordered;
  t.equal(last.state, 'MIGRATION_STATE_SUCCEEDED');
  t.equal(states.filter((state) => state === 'MIGRATION_STATE_PREPARING').length, 1, 'it was ordered once');
});

void t.test(
  'without a proven lock the copy arrives paused and is resumed when the source has let go',
  { skip },
  async (t) => {
    const cluster = await clusterWithVm(t);
    cluster.host('kvm2').lockProven = false;
    const { states, last } = await order(cluster, { vm: 'web', targetHost: 'kvm2' });
    t.match(last, { state: 'MIGRATION_STATE_SUCCEEDED', commitMode: 'COMMIT_MODE_PAUSED' });
    t.ok(states.includes('MIGRATION_STATE_CLEANUP'), 'the commit is recorded first');
    t.strictSame(acts(cluster), ['kvm2 RESUME']);
    t.strictSame(copies(cluster), ['kvm2:RUNNING']);
  },
);

void t.test('nothing is ordered that was not recorded', { skip }, async (t) => {
  const cluster = await clusterWithVm(t);
  await cluster.service.stop();
  cluster.host('kvm3').calls.length = 0;
  await t.rejects(order(cluster, { vm: 'web', targetHost: 'kvm3' }), {
    code: 'UNAVAILABLE',
    message: /check NATS/,
  });
  t.strictSame(cluster.host('kvm3').methods(), [], 'nothing was ordered without its record');
  await cluster.service.start();
});

void t.test('the guest may end while it is copied', { skip }, async (t) => {
  const cluster = await clusterWithVm(t);
  const kvm1 = cluster.host('kvm1');
  const stop = (vm: FakeVm): void => {
    Object.assign(vm, { state: 'VM_STATE_SHUT_OFF', stateReason: 'VM_STATE_REASON_SHUTDOWN' });
  };
  kvm1.copy = {
    ...kvm1.copy,
    arrives: false,
    result: { ok: false, causeCode: 'MIGRATION_CAUSE_NOT_TOLD', message: 'domain is not running' },
    afterwards: (_, __, vm) => {
      stop(vm);
    },
  };
  t.match((await order(cluster, { vm: 'web' })).last, {
    state: 'MIGRATION_STATE_CRASHED',
    causeCode: 'MIGRATION_CAUSE_GUEST_SHUTDOWN',
  });
});
