// Tests a copy on its source with a manual clock and a fake hypervisor: phases, steering, restarts of the agent.
import t from 'tap';
import type { MigrateRequest } from '../../../../shared/gen/agent.ts';
import { MIB } from '../../../../shared/units.ts';
import { ManualClock } from '../../../manual-clock.ts';
import { all, asked, host, never, order, phases, vm } from '../fake-host.ts';
import { FakeHypervisor } from '../hypervisor/fake-hypervisor.ts';
import { hypervisorContract } from '../hypervisor/hypervisor-contract.ts';

void t.test('the model of a hypervisor passes the contract of the real one', async (t) => {
  const clock = new ManualClock();
  const [source, target] = [new FakeHypervisor(), new FakeHypervisor()];
  let isSlow = false;
  await hypervisorContract(t, {
    source,
    target,
    runVm: (name) => {
      const uuid = crypto.randomUUID();
      source.run(uuid, { name });
      return Promise.resolve(uuid);
    },
    order: (slow) => {
      isSlow = slow;
      source.figures = { memoryTotalBytes: 32 * MIB, memoryProcessedBytes: MIB, memoryIteration: 1 };
      setImmediate(() => {
        for (const uuid of source.vms.keys())
          if (!isSlow && source.flight(uuid) !== undefined) source.land(uuid, target);
      });
      return { ...order(), arrivesPaused: false };
    },
    until: async (isSo) => {
      while (!(await isSo())) await clock.settle();
    },
  });
});

void t.test(
  'addresses that libvirt would do more with than dial are refused, and nothing is remembered',
  async (t) => {
    const { clock, hypervisor, jobs, intents } = host(t);
    hypervisor.run(vm);
    const refused: [change: Partial<MigrateRequest>, message: RegExp][] = [
      [
        { targetLibvirtUri: 'qemu+ext://10.77.0.12/system?command=/tmp/program' },
        /^target_libvirt_uri: "qemu\+ext/,
      ],
      [{ targetLibvirtUri: 'qemu+tls://10.77.0.12/system?pkipath=/tmp' }, /^target_libvirt_uri: /],
      [{ targetLibvirtUri: 'qemu+tls://root@10.77.0.12/system' }, /^target_libvirt_uri: /],
      [{ targetLibvirtUri: 'qemu+tls://localhost/system' }, /^target_libvirt_uri: /],
      [{ targetLibvirtUri: '' }, /^target_libvirt_uri: /],
      [{ targetLibvirtUri: 'qemu+tcp://10.77.0.12/system' }, /^target_libvirt_uri: .*migration\.allowTcp/],
      [{ targetLibvirtUri: 'qemu+tls://127.0.0.1/system' }, /^target_libvirt_uri: .*back to this host/],
      [{ targetLibvirtUri: 'qemu+tls://[::1]/system' }, /^target_libvirt_uri: .*back to this host/],
      [{ targetMigrateUri: 'tcp://127.0.1.1' }, /^target_migrate_uri: .*advertise\.address/],
      [{ targetMigrateUri: 'unix:///tmp/socket' }, /^target_migrate_uri: "unix:/],
    ];
    for (const [change, message] of refused)
      t.throws(() => jobs.migrate(order(change), never), { code: 'INVALID_ARGUMENT', message });
    await clock.pass(1_000);
    t.strictSame(hypervisor.done, []);
    t.equal(await intents.of(vm), undefined);
  },
);

void t.test('a copy goes through its phases, and the guest keeps its limit when it stays', async (t) => {
  const { clock, hypervisor, jobs } = host(t);
  hypervisor.run(vm);
  hypervisor.figures = { memoryTotalBytes: 32 * MIB, memoryProcessedBytes: 0, memoryRemainingBytes: 0 };
  const answer = all(jobs.migrate(order(), never));
  await clock.pass(1_000);
  hypervisor.figures = { ...hypervisor.figures, memoryProcessedBytes: MIB, memoryIteration: 1 };
  await clock.pass(1_000);
  hypervisor.tell(vm, { kind: 'suspended', detail: 'migrated' });
  await clock.pass(1_000);
  await t.rejects(jobs.abort(asked, never), { code: 'FAILED_PRECONDITION', message: /switched over/ });
  hypervisor.tell(vm, { kind: 'resumed', detail: 'unpaused' });
  hypervisor.flight(vm)?.end(new Error('Unable to write to socket'));
  await clock.pass(1_000);
  const messages = await answer;
  t.strictSame(phases(messages), [
    'MIGRATION_PHASE_PREPARING',
    'MIGRATION_PHASE_COPYING',
    'MIGRATION_PHASE_SWITCHING',
  ]);
  t.match(messages.at(-1), { result: { ok: false } });
  t.strictSame(hypervisor.done, ['downtime 100', `start ${vm}`, 'downtime 300']);
});

void t.test('a copy that waits for its source is over with its QEMU, before libvirt says so', async (t) => {
  const { clock, hypervisor, jobs } = host(t);
  hypervisor.run(vm);
  hypervisor.figures = { memoryTotalBytes: 32 * MIB, memoryProcessedBytes: MIB };
  let isOver = false;
  const answer = all(jobs.migrate(order({ commitMode: 'COMMIT_MODE_PAUSED' }), never)).finally(() => {
    isOver = true;
  });
  await clock.pass(1_000);
  hypervisor.endProcess(vm);
  await clock.pass(1_000);
  t.notOk(isOver, 'a QEMU that dies while its memory is copied is no hand-over');
  hypervisor.tell(vm, { kind: 'suspended', detail: 'migrated' });
  await clock.pass(1_000);
  hypervisor.endProcess(vm);
  await clock.pass(1_000);
  t.match((await answer).at(-1), { result: { ok: true, message: /QEMU process has ended/ } });
  t.ok(hypervisor.flight(vm), "libvirt's own call is still under way");
});

void t.test('a copy that gets nowhere is ended as not converging, its ladder climbed', async (t) => {
  const { clock, hypervisor, jobs } = host(t);
  hypervisor.run(vm);
  const answer = all(jobs.migrate(order(), never));
  for (let iteration = 1; iteration <= 12; iteration += 1) {
    hypervisor.figures = {
      memoryProcessedBytes: MIB,
      memoryIteration: iteration,
      memoryRemainingBytes: iteration === 1 ? 100 * MIB : 50 * MIB,
    };
    hypervisor.tell(vm, { kind: 'iteration', iteration });
    await clock.pass(10_000);
  }
  t.match((await answer).at(-1), { result: { ok: false, causeCode: 'MIGRATION_CAUSE_NOT_CONVERGING' } });
  t.strictSame(
    hypervisor.done.filter((what) => what.startsWith('downtime')).slice(0, -1),
    [100, 150, 200, 300, 400].map((ms) => `downtime ${ms}`),
  );
  t.equal(hypervisor.downtimeMs.get(vm), 300, 'and set back');
});

void t.test(
  'post-copy is switched to where it is ordered, and then nothing is aborted any more',
  async (t) => {
    const { clock, hypervisor, jobs } = host(t);
    hypervisor.run(vm);
    const answer = all(jobs.migrate(order({ postCopy: true, timeoutMs: 100_000 }), never));
    for (let iteration = 1; iteration <= 12; iteration += 1) {
      hypervisor.figures = {
        memoryProcessedBytes: MIB,
        memoryIteration: iteration,
        memoryRemainingBytes: iteration === 1 ? 100 * MIB : 50 * MIB,
      };
      await clock.pass(10_000);
    }
    t.ok(hypervisor.done.includes(`post-copy ${vm}`));
    await clock.pass(600_000);
    t.notOk(hypervisor.done.includes(`abort ${vm}`));
    await t.rejects(jobs.abort(asked, never), { code: 'FAILED_PRECONDITION' });
    hypervisor.land(vm, new FakeHypervisor());
    await clock.pass(1_000);
    t.match((await answer).at(-1), { result: { ok: true } });
  },
);

void t.test(
  'the dirty rate of a large guest is measured first, that of a small one never waited for',
  async (t) => {
    const { clock, hypervisor, jobs } = host(t);
    hypervisor.run(vm, { memoryMaxBytes: 2_048 * MIB });
    hypervisor.dirtyBytesPerSecond = 7 * MIB;
    const answer = all(jobs.migrate(order(), never));
    await clock.pass(1_000);
    hypervisor.flight(vm)?.end(new Error('over'));
    await clock.pass(1_000);
    t.match(
      (await answer).find(({ progress }) => progress?.dirtyBytesPerSecond !== undefined),
      {
        progress: { dirtyBytesPerSecond: 7 * MIB, phase: 'MIGRATION_PHASE_PREPARING' },
      },
    );
  },
);

void t.test(
  'an agent that restarts takes its copies up again, keeps their time, and sets the limit back',
  async (t) => {
    const before = host(t);
    const { clock, hypervisor } = before;
    hypervisor.run(vm);
    hypervisor.figures = { memoryProcessedBytes: MIB, memoryIteration: 1, memoryRemainingBytes: MIB };
    const told = all(before.jobs.migrate(order({ timeoutMs: 30_000 }), never));
    await clock.pass(10_000);
    const after = before.restarted();
    await t.rejects(told, { code: 'UNAVAILABLE' });
    hypervisor.isAway = true;
    const recovered = after.jobs.recover();
    await clock.pass(5_000);
    hypervisor.isAway = false;
    await clock.pass(40_000);
    t.ok(hypervisor.done.includes(`abort ${vm}`), 'its time was up');
    await recovered;
    t.match(await all(after.jobs.migrate(order({ timeoutMs: 30_000, epoch: 4 }), never)), [
      { result: { ok: false, causeCode: 'MIGRATION_CAUSE_TIMEOUT' } },
    ]);
    t.equal(hypervisor.downtimeMs.get(vm), 300);
    t.equal(hypervisor.done.filter((what) => what.startsWith('start')).length, 1, 'started once');
    t.match(await all(after.jobs.migrate(order({ epoch: 3 }), never)), [
      { result: { ok: false, causeCode: 'MIGRATION_CAUSE_FENCED_EPOCH' } },
    ]);
  },
);

void t.test('a copy whose answer was lost with libvirt is found again, and its time kept', async (t) => {
  const { clock, hypervisor, jobs, guard } = host(t);
  hypervisor.run(vm);
  hypervisor.figures = { memoryProcessedBytes: MIB, memoryIteration: 1, memoryRemainingBytes: MIB };
  const first = all(jobs.migrate(order({ timeoutMs: 60_000 }), never));
  await clock.pass(5_000);
  hypervisor.isAway = true;
  hypervisor.lose(vm);
  await clock.pass(100);
  t.match((await first).at(-1), { result: { ok: false, causeCode: 'MIGRATION_CAUSE_SRC_DAEMON_LOST' } });
  await t.rejects(jobs.abort(asked, never), { code: 'UNAVAILABLE', message: /try again/ });
  await t.rejects(guard.end(asked), { code: 'UNAVAILABLE' });
  await clock.pass(10_000);
  hypervisor.isAway = false;
  await clock.pass(5_000);
  const again = all(jobs.migrate(order({ timeoutMs: 60_000, epoch: 4 }), never));
  await clock.pass(70_000);
  t.ok(hypervisor.done.includes(`abort ${vm}`), 'by whoever attached, or by nobody');
  t.match((await again).at(-1), { result: { ok: false, causeCode: 'MIGRATION_CAUSE_TIMEOUT' } });
  t.equal(hypervisor.downtimeMs.get(vm), 300);
  t.equal(hypervisor.done.filter((what) => what.startsWith('start')).length, 1, 'started once');
});
