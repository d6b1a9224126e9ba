// Tests the scheduler's API as operators and tools use it: names, lists, plans, explanations, VMs; and NATS outages.
import t, { type Test } from 'tap';
import { connect } from 'nats';
import type {
  SchedulerServiceCreateVmRequestInput,
  WatchLoadResponse,
} from '../../../shared/gen/scheduler.ts';
import type { ServiceCalls } from '../../../shared/grpc/service-calls.ts';
import { eventsSubject, samplesSubject } from '../../../shared/nats.ts';
import { schedulerService } from '../../../shared/proto/load.ts';
import { GIB, MIB } from '../../../shared/units.ts';
import { skipWithout, startNats } from '../../services.ts';
import { fakeVm, uuidOf } from '../fake-vm.ts';
import { boot, dial, FakeCluster, migrationsOf, settingsFor } from '../harness.ts';
import { until } from '../../until.ts';

const skip = skipWithout('nats-server');
const wait = { timeoutMs: 5_000 };

/** The calls of these tests. */
function api(client: ServiceCalls) {
  return {
    hosts: () => client.unary(schedulerService.ListHosts, 'hosts', {}, wait),
    vms: (host = '') => client.unary(schedulerService.ListVmLoads, 'vms', { host }, wait),
    plan: () => client.unary(schedulerService.Plan, 'plan', {}, wait),
    decisions: () => client.unary(schedulerService.ListDecisions, 'decisions', {}, wait),
    explain: (vm: string) => client.unary(schedulerService.Explain, 'explain', { vm }, wait),
    mode: () => client.unary(schedulerService.GetMode, 'mode', {}, wait),
    setMode: (mode: 'MODE_AUTO' | 'MODE_OBSERVE' | 'MODE_UNSPECIFIED') =>
      client.unary(schedulerService.SetMode, 'set mode', { mode }, wait),
    create: (request: SchedulerServiceCreateVmRequestInput) =>
      client.unary(schedulerService.CreateVm, 'create', request, wait),
    get: (vm: string) => client.unary(schedulerService.GetVm, 'get', { vm }, wait),
    start: (vm: string) => client.unary(schedulerService.StartVm, 'start', { vm }, wait),
    shutdown: (vm: string) => client.unary(schedulerService.ShutdownVm, 'shut down', { vm }, wait),
    undefine: (vm: string, deleteVolumes = false) =>
      client.unary(schedulerService.UndefineVm, 'undefine', { vm, deleteVolumes }, wait),
  };
}

async function cluster(t: Test, mode: 'observe' | 'recommend' | 'auto' = 'recommend'): Promise<FakeCluster> {
  const made = await FakeCluster.start(t, ['kvm1', 'kvm2', 'kvm3'], mode);
  made.host('kvm1').add(fakeVm('a'));
  made.host('kvm1').add(fakeVm('b'));
  made.host('kvm2').add(fakeVm('c', { neverMove: true }));
  await made.warm(3);
  return made;
}

void t.test('hosts and VMs are listed, watched and found by id or name', { skip }, async (t) => {
  const made = await cluster(t);
  const call = api(made.client);
  const { hosts } = await call.hosts();
  t.match(hosts[0], {
    hostName: 'kvm1',
    state: 'HOST_STATE_READY',
    vmsRunning: 2,
    memoryAllocatedBytes: 512 * MIB,
    hotResources: [],
    facts: { pools: ['shared'] },
  });
  t.equal(hosts[0]?.cpuDemandRatio.toFixed(2), '0.09');
  const names = async (host: string): Promise<string[]> =>
    (await call.vms(host)).vms.map(({ sample, hostName }) => `${sample?.name ?? ''}@${hostName}`);
  t.strictSame(await names(''), ['a@kvm1', 'b@kvm1', 'c@kvm2']);
  t.strictSame(await names('kvm2'), ['c@kvm2']);
  t.strictSame(await names(made.host('kvm2').hostId), ['c@kvm2']);
  await t.rejects(call.vms('kvm7'), {
    code: 'NOT_FOUND',
    message: /host: no host "kvm7"; known: kvm1, kvm2, kvm3/,
  });

  const frames: WatchLoadResponse[] = [];
  const stream = made.client.stream(
    schedulerService.WatchLoad,
    'watch',
    { intervalMs: 200 },
    { timeoutMs: 60_000 },
  );
  for await (const frame of stream) {
    frames.push(frame);
    if (frames.length === 3) break;
    await made.tick();
  }
  t.ok(frames.every((frame) => frame.hosts.length === 3 && frame.vms.length === 3));
});

void t.test(
  'recommend proposes a move and keeps it once; observe proposes none; both explain',
  { skip },
  async (t) => {
    const made = await cluster(t);
    const call = api(made.client);
    t.match(await call.explain('a'), {
      sentences: [/^a stays: its host kvm1 is not hot/],
      possibleTargets: ['kvm2', 'kvm3'],
    });
    for (const vm of made.host('kvm1').vms.values()) vm.demandCores = 1;
    await made.tick(3);
    const [decision] = await until('a decision', async () => {
      const { decisions } = await call.decisions();
      return decisions.length > 0 ? decisions : undefined;
    });
    t.match(decision, { hostName: 'kvm1', mode: 'MODE_RECOMMEND', move: { vmName: 'a' }, noMoveCode: '' });
    await made.tick(3);
    t.match(await call.plan(), {
      mode: 'MODE_RECOMMEND',
      frozenReason: '',
      decisions: [{ move: { vmName: 'a' } }],
    });
    t.equal((await call.decisions()).decisions.length, 1, 'the same decision is not written at every tick');
    t.strictSame(await migrationsOf(made), []);

    const [a, b] = [await call.explain('a'), await call.explain(uuidOf('b'))];
    t.match(a.sentences, [
      /^a should move to kvm[23]: moving a takes CPU demand/,
      /^CPU demand was at or over 90 %/,
      /waits for an operator: "evenkeel proposals"/,
      /^Its move to kvm[23] waits for approval until/,
    ]);
    t.match(b.sentences, [/^a would move instead/]);
    t.match((await call.explain('c')).sentences, [/^c stays: its host kvm2 is not hot/]);
    await t.rejects(call.explain('zzz'), { code: 'NOT_FOUND', message: /running: a, b, c/ });

    await call.setMode('MODE_OBSERVE');
    await made.tick();
    const [observed] = await until('another decision', async () => {
      const { decisions } = await call.decisions();
      return decisions.length > 1 ? decisions : undefined;
    });
    t.match(observed, { mode: 'MODE_OBSERVE', move: null, noMoveCode: 'observing' });
    t.match(
      await call.plan(),
      { decisions: [{ move: { vmName: 'a' } }] },
      'a dry run shows what would be proposed',
    );
    await t.rejects(call.setMode('MODE_UNSPECIFIED'), {
      code: 'INVALID_ARGUMENT',
      message: /mode: must be observe/,
    });
    await made.restart();
    const again = api(made.client);
    t.equal((await again.mode()).mode, 'MODE_OBSERVE', 'the mode survives a restart');
    t.ok((await again.decisions()).decisions.length >= 2, 'so do the decisions');
  },
);

void t.test(
  'a VM is created on the host with most room, once, and can be started, stopped and undefined there',
  { skip },
  async (t) => {
    const made = await cluster(t);
    const call = api(made.client);
    const spec = { name: 'new', vcpus: 1, memoryBytes: 256 * MIB };
    const disk = { pool: 'shared', newBytes: GIB };
    const created = await call.create({
      spec: { ...spec, disks: [disk], nics: [{ bridge: 'br0' }] },
      start: false,
    });
    t.match(created, { hostName: 'kvm3', vm: { name: 'new', state: 'VM_STATE_SHUT_OFF' } });
    t.match(await call.get('new'), { hostName: 'kvm3' }, 'a VM that is off is found too');
    await call.start('new');
    t.match(await call.get(uuidOf('new')), { vm: { state: 'VM_STATE_RUNNING' } });
    await call.shutdown('new');
    await call.undefine('new');
    await t.rejects(call.get('new'), { code: 'NOT_FOUND', message: /vm: no VM "new"; running: a, b, c/ });

    const both = await Promise.allSettled([
      call.create({ spec, host: 'kvm1' }),
      call.create({ spec, host: 'kvm2' }),
    ]);
    t.strictSame(
      both.map(({ status }) => status).sort(),
      ['fulfilled', 'rejected'],
      'of two requests with the same name only one wins',
    );
    const bad = async (
      request: SchedulerServiceCreateVmRequestInput,
      code: string,
      message: RegExp,
    ): Promise<void> => {
      await t.rejects(call.create(request), { code, message });
    };
    await bad({ spec }, 'ALREADY_EXISTS', /spec\.name: a VM "new" is defined on kvm/);
    await bad({ spec: { ...spec, name: 'a' } }, 'ALREADY_EXISTS', /runs on kvm1/);
    await bad({}, 'INVALID_ARGUMENT', /spec: must describe/);
    for (const name of ['', 'a/b', '<b>', '../x', '-a', 'x'.repeat(64)])
      await bad({ spec: { ...spec, name } }, 'INVALID_ARGUMENT', /spec\.name/);
    const other = { ...spec, name: 'other' };
    await bad({ spec: { ...other, vcpus: 0 } }, 'INVALID_ARGUMENT', /spec\.vcpus/);
    await bad({ spec: { ...other, memoryBytes: 0 } }, 'INVALID_ARGUMENT', /spec\.memory_bytes/);
    await bad(
      { spec: { ...other, memoryBytes: 64 * GIB } },
      'FAILED_PRECONDITION',
      /no host has room.*kvm1: its VMs could then grow to 64/,
    );
    await bad({ spec: { ...other, vcpus: 8 } }, 'FAILED_PRECONDITION', /it has 1 core, fewer than 8 vCPUs/);
    await bad(
      { spec: { ...other, disks: [{ pool: 'nope', newBytes: 1 }] } },
      'FAILED_PRECONDITION',
      /no pool "nope" \(it has shared\)/,
    );
    await bad({ spec: { ...other, nics: [{ bridge: 'br7' }] } }, 'FAILED_PRECONDITION', /no bridge "br7"/);
    await bad({ spec: { ...other, nics: [{ network: 'n7' }] } }, 'FAILED_PRECONDITION', /no network "n7"/);
    await bad({ spec: other, host: 'kvm7' }, 'NOT_FOUND', /host: no host "kvm7"/);
    t.equal(made.hosts.flatMap((host) => [...host.vms.values()]).length, 4, 'none of these created anything');

    await made.host('kvm3').stop();
    await t.rejects(call.get('gone'), { code: 'UNAVAILABLE', message: /on no host that answers.*kvm3/ });
  },
);

void t.test(
  'volumes of a VM whose start failed are deleted only if no other host has it',
  { skip },
  async (t) => {
    const made = await cluster(t);
    const call = api(made.client);
    const [kvm1, kvm2] = [made.host('kvm1'), made.host('kvm2')];
    const broken = { state: 'VM_STATE_SHUT_OFF', stateReason: 'VM_STATE_REASON_FAILED' } as const;
    const asked = (): unknown => kvm1.calls.findLast(({ method }) => method === 'UndefineVm')?.request;
    kvm1.add(fakeVm('broken', broken));
    await kvm2.stop();
    await t.rejects(call.undefine('broken', true), {
      code: 'UNAVAILABLE',
      message: /cannot be seen whether another host runs it: .*kvm2/,
    });
    await kvm2.start();
    // The connection is tried again by itself, after a pause.
    const removed = await until('kvm2 to answer', () => call.undefine('broken', true).catch(() => undefined));
    t.match(removed, {
      keptVolumes: [{ volume: 'shared/base', reason: 'not its own' }],
    });
    t.match(asked(), { deleteVolumes: true, absentElsewhere: true });
    kvm1.add(fakeVm('was-shut-down', { ...broken, stateReason: 'VM_STATE_REASON_SHUTDOWN' }));
    await call.undefine('was-shut-down', true);
    t.match(asked(), { absentElsewhere: false }, 'its host knows by itself');
  },
);

void t.test('NATS may be away at the start and later; invalid reports are ignored', { skip }, async (t) => {
  const service = await startNats();
  await service.stop();
  const scheduler = await boot(settingsFor(service.url, 'recommend'));
  const client = dial(scheduler.port);
  t.teardown(async () => {
    client.close();
    await scheduler.stop();
    await service.remove();
  });
  await t.rejects(api(client).hosts(), { code: 'UNAVAILABLE', message: /no connection to NATS yet/ });
  t.equal(scheduler.isHealthy(), true, 'a restart would not bring NATS back');
  await service.start();
  await until('the scheduler to find NATS', () =>
    api(client)
      .hosts()
      .then(() => true)
      .catch(() => undefined),
  );
  const nats = await connect({ servers: service.url });
  for (const bytes of [Buffer.from('no report'), Buffer.alloc(0), Buffer.alloc(5_000, 255)])
    await nats.jetstream().publish(samplesSubject('h1'), bytes);
  await nats.jetstream().publish(eventsSubject('h1'), Buffer.from('no event'));
  t.strictSame((await api(client).hosts()).hosts, []);
  await nats.close();
});

void t.test('samples are followed again after a restart of NATS', { skip }, async (t) => {
  const made = await cluster(t);
  await made.service.kill();
  await made.service.start();
  made.host('kvm3').add(fakeVm('late'));
  await until('a publish', () =>
    made
      .tick()
      .then(() => true)
      .catch(() => undefined),
  );
  const startedAtMs = performance.now();
  await until('the new VM to be seen', async () => {
    const { vms } = await api(made.client).vms('kvm3');
    return vms.length === 1 ? true : undefined;
  });
  const manager = await made.nats.jetstreamManager();
  await manager.streams.delete('KV_EVENKEEL_MIGRATIONS');
  await made.service.stop();
  const { scheduler } = made;
  const failed = t.rejects(
    scheduler.failed,
    /NATS is back without its data/,
    'a restart creates the streams again',
  );
  await made.service.start();
  await failed;
  t.comment(`seen ${Math.round(performance.now() - startedAtMs)} ms after it was published`);
});
