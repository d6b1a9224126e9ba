// Tests the target's commands on a manual clock and a fake hypervisor: guarding, settling, and a copy left paused.
import t, { type Test } from 'tap';
import type { VmRecord } from '../../../../agent/migration/promises/claims.ts';
import { refuseDuringMigration } from '../../../../agent/migration/target/guard.ts';
import type { SettleAct, SettleVmRequest, VmInput } from '../../../../shared/gen/agent.ts';
import { HOUR_MS } from '../../../../shared/units.ts';
import { asked, guardRequest, host, never, order, PAUSED, vm, type Host } from '../fake-host.ts';
import { VmStateReason } from '../../../../shared/gen/telemetry.ts';

void t.test('others command a VM again when its migration is over, not before', async (t) => {
  const { hypervisor, intents, guard } = host(t);
  t.strictSame(await guard.guard(guardRequest(), never), { definedBefore: false });
  await t.rejects(refuseDuringMigration(intents, 'start', vm), {
    code: 'FAILED_PRECONDITION',
    message: /migration m1 has not ended on this host; wait for the scheduler/,
  });
  hypervisor.run(vm);
  t.strictSame(await guard.guard(guardRequest(), never), { definedBefore: false }, 'asked again');
  t.match(await guard.observe(asked, never), { vm: { uuid: vm }, migrationId: 'm1' });
  const late = { ...asked, epoch: 2 };
  const fenced = { code: 'FAILED_PRECONDITION', message: /fenced_epoch: epoch 2 .* is not above 3/ };
  await t.rejects(guard.observe(late, never), fenced);
  await t.rejects(guard.guard(guardRequest({ epoch: 2 }), never), fenced);
  await t.rejects(guard.end(late), { ...fenced, code: 'ABORTED' });
  await guard.end(asked);
  await refuseDuringMigration(intents, 'start', vm);
  t.match(await guard.observe(asked, never), { migrationId: '' });
  await t.rejects(guard.guard(guardRequest(), never), { message: /has ended/ });
  const active = guardRequest({ migrationId: 'm2', epoch: 4 });
  await t.rejects(guard.guard(active, never), { code: 'FAILED_PRECONDITION', message: /active here/ });
});

void t.test(
  'an epoch that lies more than a day ahead of this clock is refused wherever it enters',
  async (t) => {
    const { clock, hypervisor, intents, guard, jobs } = host(t);
    hypervisor.run(vm);
    const entries: Record<string, (epoch: number) => unknown> = {
      guard: (epoch) => guard.guard(guardRequest({ epoch }), never),
      observe: (epoch) => guard.observe({ ...asked, epoch }, never),
      settle: (epoch) => guard.settle(settle('SETTLE_ACT_SUSPEND', {}, { epoch }), never),
      end: (epoch) => guard.end({ ...asked, epoch }),
      abort: (epoch) => jobs.abort({ ...asked, epoch }, never),
      migrate: (epoch) => jobs.migrate(order({ epoch }), never),
    };
    const ahead = clock.nowMs() + 24 * HOUR_MS + 1;
    for (const [name, enter] of Object.entries(entries))
      for (const epoch of [ahead, Number.MAX_SAFE_INTEGER])
        await t.rejects(
          async () => {
            await enter(epoch);
          },
          {
            code: 'INVALID_ARGUMENT',
            message: /^epoch: \d+ is more than a day ahead of this host's clock.*set the scheduler's clock/,
          },
          name,
        );
    await clock.pass(1_000);
    t.equal(await intents.of(vm), undefined, 'nothing is remembered');
    t.strictSame(hypervisor.done, []);
    t.match(
      await guard.observe({ ...asked, epoch: ahead }, never),
      { vm: { uuid: vm } },
      'in time it is right',
    );
  },
);

const settle = (act: SettleAct, seen: VmInput, change: Partial<SettleVmRequest> = {}): SettleVmRequest => ({
  ...asked,
  act,
  expectedState: seen.state === 'VM_STATE_PAUSED' ? 'VM_STATE_PAUSED' : 'VM_STATE_RUNNING',
  expectedStateReason:
    Object.values(VmStateReason).find((reason) => reason === seen.stateReason) ??
    'VM_STATE_REASON_UNSPECIFIED',
  expectedLibvirtId: seen.libvirtId ?? 0,
  ...change,
});

void t.test(
  'an act is done only on what the caller saw, and never on a copy that runs or moves',
  async (t) => {
    const { hypervisor, guard } = host(t);
    hypervisor.run(vm, PAUSED);
    const seen = hypervisor.vms.get(vm) ?? {};
    const refused = (request: SettleVmRequest, message: RegExp): Promise<unknown> =>
      t.rejects(guard.settle(request, never), { code: 'FAILED_PRECONDITION', message });
    await refused(
      settle('SETTLE_ACT_RESUME', seen, { expectedLibvirtId: 9 }),
      /is paused \(user, id 1\) now/,
    );
    await refused(
      settle('SETTLE_ACT_RESUME', seen, { expectedStateReason: 'VM_STATE_REASON_MIGRATION' }),
      /look again/,
    );
    await refused(settle('SETTLE_ACT_UNDEFINE', seen), /is not off/);
    await refused(settle('SETTLE_ACT_SUSPEND', seen), /is not running/);
    hypervisor.set(vm, { migrationRole: 'VM_MIGRATION_ROLE_INCOMING' });
    await refused(settle('SETTLE_ACT_DESTROY', seen), /migration job runs/);
    hypervisor.set(vm, {
      migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED',
      stateReason: 'VM_STATE_REASON_IO_ERROR',
    });
    await refused(settle('SETTLE_ACT_RESUME', hypervisor.vms.get(vm) ?? {}), /paused by a fault/);
    hypervisor.set(vm, { stateReason: 'VM_STATE_REASON_POST_COPY_FAILED' });
    await refused(settle('SETTLE_ACT_DESTROY', hypervisor.vms.get(vm) ?? {}), /post-copy/);
    t.strictSame(hypervisor.done, [], 'nothing was done');

    hypervisor.set(vm, PAUSED);
    t.match(await guard.settle(settle('SETTLE_ACT_RESUME', seen), never), {
      vm: { state: 'VM_STATE_RUNNING' },
    });
    const running = hypervisor.vms.get(vm) ?? {};
    await refused(settle('SETTLE_ACT_DESTROY', running), /destroys only a paused copy/);
    hypervisor.set(vm, { migrationRole: 'VM_MIGRATION_ROLE_OUTGOING' });
    await guard.settle(settle('SETTLE_ACT_SUSPEND', running), never);
    hypervisor.set(vm, { migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED' });
    t.match(await guard.settle(settle('SETTLE_ACT_DESTROY', hypervisor.vms.get(vm) ?? {}), never), {
      vm: { state: 'VM_STATE_SHUT_OFF', stateReason: 'VM_STATE_REASON_DESTROYED' },
    });
    const off = {
      expectedState: 'VM_STATE_SHUT_OFF',
      expectedStateReason: 'VM_STATE_REASON_DESTROYED',
      expectedLibvirtId: -1,
    } as const;
    t.strictSame(await guard.settle(settle('SETTLE_ACT_UNDEFINE', {}, off), never), {});
    await refused(settle('SETTLE_ACT_UNDEFINE', {}, off), /no longer here/);
    await guard.end(asked);
    await refused(settle('SETTLE_ACT_RESUME', seen), /has ended here/);
  },
);

void t.test('an act of a deposed scheduler that waited for its turn is not done', async (t) => {
  const { hypervisor, guard } = host(t);
  hypervisor.run(vm, PAUSED);
  const seen = hypervisor.vms.get(vm) ?? {};
  const looking = guard.observe(asked, never);
  const old = guard.settle(settle('SETTLE_ACT_RESUME', seen), never);
  const later = guard.observe({ ...asked, epoch: 4 }, never);
  await looking;
  await t.rejects(old, { code: 'FAILED_PRECONDITION', message: /fenced_epoch/ });
  await later;
  t.strictSame(hypervisor.done, []);
});

async function arrived(t: Test): Promise<Host> {
  const target = host(t);
  await target.guard.guard(guardRequest(), never);
  target.hypervisor.run(vm, PAUSED);
  return target;
}

const recordOf = async ({ intents }: Host): Promise<VmRecord | undefined> => intents.of(vm);

void t.test(
  'a paused copy is resumed when no scheduler is heard and the source has released the guest',
  async (t) => {
    const cases: [said: string, source: VmInput | undefined][] = [
      ['absent', undefined],
      ['off, migrated', { uuid: vm, state: 'VM_STATE_SHUT_OFF', stateReason: 'VM_STATE_REASON_MIGRATED' }],
    ];
    for (const [said, source] of cases) {
      const target = await arrived(t);
      target.source = source;
      await target.clock.pass(2_000);
      t.equal(target.asks, 0, 'the scheduler has the first word');
      await target.clock.pass(3_000);
      t.strictSame(target.hypervisor.done, [`resume ${vm}`], said);
      t.match(await recordOf(target), { intent: { isSettled: true } });
      await target.hypervisor.suspend(vm);
      await target.clock.pass(60_000);
      t.equal(target.hypervisor.vms.get(vm)?.state, 'VM_STATE_PAUSED', 'who pauses it later, means it');
    }
  },
);

void t.test('a paused copy waits as long as the source may still have the guest', async (t) => {
  const sources: (VmInput | Error)[] = [
    new Error('no route to host'),
    { uuid: vm, state: 'VM_STATE_RUNNING' },
    { uuid: vm, ...PAUSED, stateReason: 'VM_STATE_REASON_MIGRATION' },
    { uuid: vm, state: 'VM_STATE_SHUT_OFF', stateReason: 'VM_STATE_REASON_CRASHED' },
    {
      uuid: vm,
      state: 'VM_STATE_SHUT_OFF',
      stateReason: 'VM_STATE_REASON_MIGRATED',
      migrationRole: 'VM_MIGRATION_ROLE_OUTGOING',
    },
  ];
  for (const source of sources) {
    const target = await arrived(t);
    target.source = source;
    await target.clock.pass(120_000);
    t.ok(target.asks > 10, 'asked again and again');
    t.strictSame(target.hypervisor.done, [], JSON.stringify(source));
  }
});

void t.test('a copy that is not whole, not ours or not silent is left alone', async (t) => {
  const changes: Partial<VmInput>[] = [
    { migrationRole: 'VM_MIGRATION_ROLE_INCOMING' },
    { stateReason: 'VM_STATE_REASON_IO_ERROR' },
    { stateReason: 'VM_STATE_REASON_POST_COPY' },
    { state: 'VM_STATE_SHUT_OFF' },
  ];
  for (const change of changes) {
    const target = await arrived(t);
    target.source = undefined;
    target.hypervisor.set(vm, change);
    await target.clock.pass(30_000);
    t.strictSame(target.hypervisor.done, [], JSON.stringify(change));
  }
  const locked = host(t);
  await locked.guard.guard(guardRequest({ commitMode: 'COMMIT_MODE_LOCK' }), never);
  locked.hypervisor.run(vm, PAUSED);
  locked.source = undefined;
  await locked.clock.pass(30_000);
  t.strictSame(locked.hypervisor.done, [], 'committed by its lock');

  const spoken = await arrived(t);
  spoken.source = undefined;
  for (let second = 0; second < 30; second += 1) {
    await spoken.guard.observe(asked, never);
    await spoken.clock.pass(1_000);
  }
  t.strictSame(spoken.hypervisor.done, [], 'its scheduler is there');
  await spoken.guard.end(asked);
  await spoken.clock.pass(30_000);
  t.strictSame(spoken.hypervisor.done, [], 'it is over');
});

void t.test('the watch goes on after a restart of the agent', async (t) => {
  const before = await arrived(t);
  const after = before.restarted();
  after.source = undefined;
  await after.clock.pass(10_000);
  t.strictSame(after.hypervisor.done, [`resume ${vm}`]);
});

void t.test('a VM starts with its new host as with the old one, once it has arrived and runs', async (t) => {
  const cases: [said: string, arrives: Partial<VmInput> | undefined, starts: boolean][] = [
    ['it arrived', {}, true],
    ['it stayed', undefined, false],
    ['a leftover', { state: 'VM_STATE_SHUT_OFF', libvirtId: -1 }, false],
    ['a copy that nobody resumed', PAUSED, false],
    ['it is not defined', { persistent: false }, false],
    ['it is on its way again', { migrationRole: 'VM_MIGRATION_ROLE_OUTGOING' }, false],
  ];
  for (const [said, arrives, starts] of cases) {
    const target = host(t);
    await target.guard.guard(guardRequest({ autostart: true }), never);
    const after = target.restarted();
    if (arrives !== undefined) after.hypervisor.run(vm, arrives);
    t.notOk(after.hypervisor.autostart.has(vm), 'not before the end');
    await after.guard.end(asked);
    t.equal(after.hypervisor.autostart.has(vm), starts, said);
  }
  const plain = host(t);
  await plain.guard.guard(guardRequest(), never);
  plain.hypervisor.run(vm);
  await plain.guard.end(asked);
  t.notOk(plain.hypervisor.autostart.has(vm), 'nor did it on the old one');
});

void t.test('an end is told again while libvirt is away, and then completes', async (t) => {
  const target = host(t);
  await target.guard.guard(guardRequest({ autostart: true }), never);
  target.hypervisor.run(vm);
  target.hypervisor.isAway = true;
  await t.rejects(target.guard.end(asked), { code: 'UNAVAILABLE' });
  t.match(await recordOf(target), { intent: { autostart: true } });
  target.hypervisor.isAway = false;
  await target.guard.end(asked);
  t.ok(target.hypervisor.autostart.has(vm));
});

void t.test('a copy that a scheduler has suspended is never resumed by the host alone', async (t) => {
  const target = await arrived(t);
  target.hypervisor.run(vm);
  await target.guard.settle(settle('SETTLE_ACT_SUSPEND', target.hypervisor.vms.get(vm) ?? {}), never);
  target.source = undefined;
  await target.clock.pass(60_000);
  t.strictSame(target.hypervisor.done, [`suspend ${vm}`]);
});
