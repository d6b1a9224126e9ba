// Tests what a new VM is refused, and what is asked of hosts first: fresh facts, and who has its volumes.
import t, { type Test } from 'tap';
import type { SchedulerServiceCreateVmRequestInput } from '../../../shared/gen/scheduler.ts';
import { schedulerService } from '../../../shared/proto/load.ts';
import { GIB, MIB } from '../../../shared/units.ts';
import { skipWithout } from '../../services.ts';
import { fakeVm } from '../fake-vm.ts';
import { FakeCluster } from '../harness.ts';

const skip = skipWithout('nats-server');
const wait = { timeoutMs: 10_000 };
const spec = { name: 'new', vcpus: 1, memoryBytes: 256 * MIB };
const data1 = { pool: 'shared', existing: 'data1' };

type Create = (request: SchedulerServiceCreateVmRequestInput) => Promise<{ readonly hostName: string }>;

async function cluster(t: Test): Promise<{ made: FakeCluster; create: Create }> {
  const made = await FakeCluster.start(t, ['kvm1', 'kvm2', 'kvm3'], 'recommend');
  await made.warm(0);
  return {
    made,
    create: (request) => made.client.unary(schedulerService.CreateVm, 'create', request, wait),
  };
}

void t.test('what was set up a moment ago is there, on the named host and on any', { skip }, async (t) => {
  const { made, create } = await cluster(t);
  const disks = [{ pool: 'fast', newBytes: GIB }];
  await t.rejects(create({ spec: { ...spec, disks } }), {
    message: /kvm1: it has no pool "fast" \(it has shared\)/,
  });
  for (const host of made.hosts)
    t.ok(host.methods().includes('GetHost'), 'each was asked before it was refused');
  made.host('kvm2').pools.push('fast');
  t.match(await create({ spec: { ...spec, disks } }), { hostName: 'kvm2' });
  made.host('kvm3').pools.push('fast');
  const named = { ...spec, name: 'named', disks };
  t.match(await create({ spec: named, host: 'kvm3' }), { hostName: 'kvm3' });
  const asked = made
    .host('kvm1')
    .methods()
    .filter((method) => method === 'GetHost').length;
  await create({ spec: { ...spec, name: 'known', disks: [{ pool: 'shared', newBytes: GIB }] } });
  t.equal(
    made
      .host('kvm1')
      .methods()
      .filter((method) => method === 'GetHost').length,
    asked,
    'nothing is missing',
  );
});

void t.test('a volume that any VM of the cluster has is refused by VM and host', { skip }, async (t) => {
  const { made, create } = await cluster(t);
  const request = { spec: { ...spec, disks: [data1] }, host: 'kvm1' };
  for (const name of ['kvm1', 'kvm2']) {
    made.host(name).volumeUsers.set('data1', 'a1');
    await t.rejects(create(request), {
      code: 'FAILED_PRECONDITION',
      message: new RegExp(
        `disks\\[0\\]\\.existing: volume shared/data1 is in use by VM a1 on ${name} \\(disk vda`,
      ),
    });
    made.host(name).volumeUsers.clear();
  }
  made.host('kvm3').volumeUsers.set('setup.iso', 'writer');
  await t.rejects(create({ spec: { ...spec, iso: 'shared/setup.iso' } }), {
    message: /iso: volume shared\/setup\.iso is in use by VM writer on kvm3/,
  });
  t.notOk(
    made.hosts.some((host) => host.methods().includes('CreateVm')),
    'nothing was made',
  );

  const both = await Promise.allSettled(
    ['one', 'two'].map((name) => create({ ...request, spec: { ...request.spec, name } })),
  );
  t.strictSame(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'], 'one of two at once');
});

void t.test('when a host does not answer, only its own storage is given to a VM', { skip }, async (t) => {
  const { made, create } = await cluster(t);
  const request = { spec: { ...spec, disks: [data1] }, host: 'kvm1' };
  await made.host('kvm3').stop();
  await t.rejects(create(request), {
    code: 'UNAVAILABLE',
    message:
      /disks\[0\]\.existing: kvm3 does not say whether a VM there uses volume shared\/data1; check evenkeel-agent/,
  });
  made.host('kvm2').volumeUsers.set('data1', 'a1');
  await t.rejects(create(request), { message: /in use by VM a1 on kvm2/ }, 'a found user is named first');
  made.host('kvm2').volumeUsers.clear();
  await create({ spec: { ...spec, name: 'reader', iso: 'shared/setup.iso' }, host: 'kvm1' });
  made.host('kvm1').hasLocalStorage = true;
  t.match(await create(request), { hostName: 'kvm1' });
});

void t.test('a VM that is off is named as such', { skip }, async (t) => {
  const { made } = await cluster(t);
  made.host('kvm2').add(fakeVm('web7', { state: 'VM_STATE_SHUT_OFF' }));
  const migrate = async (vm: string): Promise<void> => {
    for await (const _ of made.client.stream(schedulerService.Migrate, 'migrate', { vm }, wait)) return;
  };
  const explain = (vm: string): Promise<unknown> =>
    made.client.unary(schedulerService.Explain, 'explain', { vm }, wait);
  for (const ask of [migrate, explain]) {
    await t.rejects(ask('web7'), {
      code: 'FAILED_PRECONDITION',
      message: /vm: web7 is off on kvm2; start it first: evenkeel vm start web7/,
    });
    await t.rejects(ask('web8'), { code: 'NOT_FOUND', message: /vm: no VM "web8"; running: none/ });
  }
  await made.client.unary(schedulerService.SetMode, 'set mode', { vm: 'web7', mode: 'MODE_OBSERVE' }, wait);
  const { overrides } = await made.client.unary(schedulerService.GetMode, 'mode', {}, wait);
  t.match(overrides, [{ vmName: 'web7', mode: 'MODE_OBSERVE' }], 'a mode for its next start');
});
