// Tests long migrations on a manual clock: verdicts that must hold for a time, deadlines of states, queues, take-over.
import t from 'tap';
import type { Migration } from '../../../shared/gen/telemetry.ts';
import { migrationCodec } from '../../../shared/proto/load.ts';
import { MIB } from '../../../shared/units.ts';
import { encodeJson } from '../../../scheduler/store/store.ts';
import type { Runner } from '../../../scheduler/migrations/runner.ts';
import { MemoryWorld, OFF, PAUSED_MIGRATING, PAUSED_USER, RUNNING, type Shown } from '../memory-world.ts';
import { migration } from '../model-cluster.ts';

const SECOND_MS = 1_000;

async function begun(world: MemoryWorld, runner: Runner, given = {}): Promise<string> {
  const started = runner.start(world.order(given));
  await world.clock.pass(50);
  return (await started).migrationId;
}

function stateOf(runner: Runner, id: string): string {
  return runner.get(id)?.state.replace('MIGRATION_STATE_', '') ?? 'NONE';
}

function states(world: MemoryWorld, id: string): string[] {
  return world.told
    .filter(({ migrationId }) => migrationId === id)
    .map(({ state }: Migration) => state.replace('MIGRATION_STATE_', ''));
}

/** A migration whose call failed, leaving both hosts so. */
async function left(source: Shown | undefined, target: Shown | undefined, lockProven = true) {
  const world = new MemoryWorld();
  const [kvm1, kvm2] = [world.host('kvm1'), world.host('kvm2')];
  kvm1.shows = RUNNING;
  kvm2.lockProven = lockProven;
  kvm1.copy = () => {
    [kvm1.shows, kvm2.shows] = [source, target];
    return Promise.resolve({ ok: false, causeCode: 'MIGRATION_CAUSE_NET_LOST_FINISH', message: 'lost' });
  };
  const runner = await world.leading();
  const id = await begun(world, runner);
  return { world, runner, kvm1, kvm2, id };
}

void t.test('a source that stays paused alone is resumed within seconds', async (t) => {
  const { world, runner, kvm1, kvm2, id } = await left(PAUSED_MIGRATING, undefined);
  await world.clock.pass(8 * SECOND_MS);
  t.equal(stateOf(runner, id), 'VERIFYING');
  t.notOk(kvm1.did.includes('resume'), 'libvirt may still resume it');
  await world.clock.pass(5 * SECOND_MS);
  t.match(runner.get(id), {
    state: 'MIGRATION_STATE_FAILED',
    causeCode: 'MIGRATION_CAUSE_NET_LOST_FINISH',
    outcome: /source/,
  });
  t.strictSame(kvm1.did, ['migrate', 'resume', 'end']);
  t.strictSame(kvm2.did, ['guard', 'end']);
});

void t.test(
  'a target whose libvirt address could run a program or means the source is told nothing, and neither is the source',
  async (t) => {
    const unusable = [
      '',
      'qemu+ext://10.77.0.12/system?command=/tmp/program',
      'qemu+tls://127.0.0.1/system',
      'qemu+tls://[::1]/system',
      'qemu+tls://kvm1/system',
    ];
    for (const libvirtUri of unusable) {
      const world = new MemoryWorld();
      world.libvirtUri = libvirtUri;
      world.host('kvm1').shows = RUNNING;
      const runner = await world.leading();
      const id = await begun(world, runner);
      await world.clock.pass(5 * SECOND_MS);
      t.match(runner.get(id), {
        state: 'MIGRATION_STATE_FAILED',
        causeCode: 'MIGRATION_CAUSE_DST_REFUSED',
        outcome: /^the address that kvm2 reports for its libvirt cannot be used: .*advertise\.libvirtUri/,
      });
      t.strictSame([world.host('kvm1').did, world.host('kvm2').did], [['end'], ['end']]);
    }
  },
);

void t.test('complete on both and running on neither: the copy of the target goes first', async (t) => {
  const { world, runner, kvm1, kvm2, id } = await left(PAUSED_MIGRATING, PAUSED_USER, false);
  await world.clock.pass(66 * SECOND_MS);
  t.equal(stateOf(runner, id), 'FAILED');
  t.strictSame(kvm2.did, ['guard', 'destroy', 'undefine', 'end']);
  t.strictSame(kvm1.did, ['migrate', 'resume', 'end']);
  t.equal(kvm1.shows?.state, 'VM_STATE_RUNNING');
});

void t.test('a definition that the target had before is left alone', async (t) => {
  const world = new MemoryWorld();
  const [kvm1, kvm2] = [world.host('kvm1'), world.host('kvm2')];
  [kvm1.shows, kvm2.shows, kvm2.definedBefore] = [RUNNING, OFF, true];
  kvm1.copy = () => Promise.resolve({ ok: false, causeCode: 'MIGRATION_CAUSE_NET_LOST_COPY' });
  const runner = await world.leading();
  const id = await begun(world, runner);
  await world.clock.pass(SECOND_MS);
  t.equal(stateOf(runner, id), 'FAILED');
  t.strictSame(kvm2.did, ['guard', 'end']);
});

void t.test(
  'what cannot be seen is for an operator after two minutes, and is decided once it is seen',
  async (t) => {
    const { world, runner, kvm1, kvm2, id } = await left(RUNNING, undefined);
    const again = await left(RUNNING, undefined);
    t.equal(again.runner.list().length, 1);
    await world.clock.pass(SECOND_MS);
    t.equal(stateOf(runner, id), 'FAILED');
    const later = await begunUnreachable(world, runner);
    await world.clock.pass(119 * SECOND_MS);
    t.equal(stateOf(runner, later), 'VERIFYING');
    await world.clock.pass(5 * SECOND_MS);
    t.match(runner.get(later), { state: 'MIGRATION_STATE_UNKNOWN', outcome: /target cannot be seen/ });
    t.notOk([...kvm1.did, ...kvm2.did].some((act) => ['resume', 'destroy', 'undefine'].includes(act)));
    const other = runner.start(world.order({ vmUuid: 'db' }));
    await world.clock.pass(2 * SECOND_MS);
    await other;
    t.ok(states(world, 'm3').includes('ADMITTED'), 'its slots are free for others');
    await t.rejects(runner.start(world.order()), { code: 'FAILED_PRECONDITION' }, 'its VM is not');
    kvm2.isReachable = true;
    await world.clock.pass(15 * SECOND_MS);
    t.equal(stateOf(runner, later), 'FAILED');
  },
);

void t.test('an operator takes over what stays unknown, and the VM is free to move again', async (t) => {
  const world = new MemoryWorld();
  const runner = await world.leading();
  world.host('kvm1').shows = RUNNING;
  const id = await begunUnreachable(world, runner);
  await t.rejects(runner.abort(id), { code: 'FAILED_PRECONDITION' }, 'not while it may still be found out');
  await world.clock.pass(125 * SECOND_MS);
  t.match(await runner.abort(id), { state: 'MIGRATION_STATE_UNKNOWN' });
  await world.clock.pass(15 * SECOND_MS);
  t.match(runner.get(id), { state: 'MIGRATION_STATE_FAILED', outcome: /an operator took it over/ });
  world.host('kvm2').isReachable = true;
  await world.clock.pass(120 * SECOND_MS);
  t.same(
    world.host('kvm1').did.filter((act) => ['resume', 'destroy', 'undefine'].includes(act)),
    [],
  );
  const next = runner.start(world.order());
  await world.clock.pass(SECOND_MS);
  await next;
});

async function begunUnreachable(world: MemoryWorld, runner: Runner): Promise<string> {
  const [kvm1, kvm2] = [world.host('kvm1'), world.host('kvm2')];
  kvm1.copy = () => {
    kvm2.isReachable = false;
    return Promise.resolve({ ok: false, causeCode: 'MIGRATION_CAUSE_DST_UNREACHABLE' });
  };
  return begun(world, runner);
}

void t.test('a copy that lasts too long is aborted, whatever its stream does', async (t) => {
  const world = new MemoryWorld();
  const [kvm1] = [world.host('kvm1')];
  kvm1.shows = RUNNING;
  kvm1.copy = () => new Promise(() => undefined);
  const runner = await world.leading();
  const id = await begun(world, runner);
  t.equal(stateOf(runner, id), 'COPYING');
  await world.clock.pass(119 * SECOND_MS);
  t.notOk(kvm1.did.includes('abort'));
  await world.clock.pass(3 * SECOND_MS);
  t.ok(kvm1.did.includes('abort'));
  t.equal(stateOf(runner, id), 'ABORTING');
});

void t.test('an operator waits for a slot, a plan does not, and nobody waits for ever', async (t) => {
  const world = new MemoryWorld();
  const kvm1 = world.host('kvm1');
  kvm1.shows = RUNNING;
  kvm1.copy = () => new Promise(() => undefined);
  const runner = await world.leading();
  await begun(world, runner);
  await t.rejects(runner.start(world.order({ vmUuid: 'db', targetHostId: 'kvm3', decisionId: 'd1' })), {
    code: 'FAILED_PRECONDITION',
    message: /no outgoing slot is free on its host: taken by migration m1/,
  });
  const waiting = await begun(world, runner, { vmUuid: 'db', targetHostId: 'kvm3' });
  const second = await begun(world, runner, { vmUuid: 'mail', targetHostId: 'kvm3' });
  t.strictSame([stateOf(runner, waiting), stateOf(runner, second)], ['QUEUED', 'QUEUED']);
  await runner.abort(second);
  await world.clock.pass(SECOND_MS);
  t.equal(stateOf(runner, second), 'ABORTED');
  await world.clock.pass(160 * SECOND_MS);
  t.equal(stateOf(runner, waiting), 'COPYING', 'once the one before it was ended for its slowness');
});

void t.test('a source that goes away while it copies keeps nobody waiting for ever', async (t) => {
  const world = new MemoryWorld();
  const kvm1 = world.host('kvm1');
  kvm1.shows = RUNNING;
  kvm1.copy = () => new Promise(() => undefined);
  const runner = await world.leading();
  const id = await begun(world, runner);
  const waiting = await begun(world, runner, { vmUuid: 'db', targetHostId: 'kvm3' });
  kvm1.isReachable = false;
  await world.clock.pass(280 * SECOND_MS);
  t.strictSame([stateOf(runner, id), stateOf(runner, waiting)], ['UNKNOWN', 'FAILED']);
  t.equal(runner.get(waiting)?.causeCode, 'MIGRATION_CAUSE_SRC_UNREACHABLE');
  kvm1.isReachable = true;
  await world.clock.pass(20 * SECOND_MS);
  t.match(runner.get(id), { state: 'MIGRATION_STATE_ABORTED', causeCode: 'MIGRATION_CAUSE_TIMEOUT' });
});

void t.test(
  'a VM that changed its memory too fast is not planned again, but an operator may move it',
  async (t) => {
    const world = new MemoryWorld();
    const kvm1 = world.host('kvm1');
    kvm1.shows = RUNNING;
    kvm1.dirtyBytesPerSecond = 90 * MIB;
    kvm1.copy = () => Promise.resolve({ ok: false, causeCode: 'MIGRATION_CAUSE_NOT_CONVERGING' });
    const runner = await world.leading();
    const first = await begun(world, runner);
    await world.clock.pass(SECOND_MS);
    t.match(runner.get(first), {
      state: 'MIGRATION_STATE_ABORTED',
      causeCode: 'MIGRATION_CAUSE_NOT_CONVERGING',
    });
    const planned = await begun(world, runner, { decisionId: 'd1' });
    await world.clock.pass(SECOND_MS);
    t.match(runner.get(planned), {
      state: 'MIGRATION_STATE_FAILED',
      causeCode: 'MIGRATION_CAUSE_NOT_CONVERGING',
      startedAtMs: 0,
    });
    const ordered = await begun(world, runner);
    await world.clock.pass(SECOND_MS);
    t.match(runner.get(ordered), {
      state: 'MIGRATION_STATE_ABORTED',
      estimate: { dirtyBytesPerSecond: 90 * MIB },
    });
  },
);

void t.test(
  'a scheduler that follows verifies what was begun and fails what was not, and the one before does no more',
  async (t) => {
    const world = new MemoryWorld();
    const [kvm1, kvm2] = [world.host('kvm1'), world.host('kvm2')];
    kvm1.shows = RUNNING;
    let finish: () => void = () => undefined;
    kvm1.copy = () =>
      new Promise((resolve) => {
        finish = () => {
          resolve({ ok: true });
        };
      });
    const first = await world.leading();
    const copying = await begun(world, first);
    const queued = await begun(world, first, { vmUuid: 'db', targetHostId: 'kvm3' });
    t.strictSame([stateOf(first, copying), stateOf(first, queued)], ['COPYING', 'QUEUED']);
    [kvm1.shows, kvm2.shows] = [undefined, RUNNING];
    const second = await world.leading();
    await world.clock.pass(SECOND_MS);
    t.equal(stateOf(second, copying), 'SUCCEEDED');
    t.match(second.get(queued), {
      state: 'MIGRATION_STATE_FAILED',
      causeCode: 'MIGRATION_CAUSE_SCHEDULER_RESTARTED',
    });
    const before = world.told.length;
    finish();
    await world.clock.pass(5 * SECOND_MS);
    t.equal(world.told.length, before, 'the scheduler of the past records nothing more');
    t.equal(kvm1.did.filter((act) => act === 'migrate').length, 1);
  },
);

void t.test(
  'a migration whose VM another one holds has failed since then, and everybody is told',
  async (t) => {
    const world = new MemoryWorld();
    const recorded = (migrationId: string, given: Partial<Migration>): Promise<number> => {
      const hosts = { sourceHostId: 'kvm1', targetHostId: 'kvm2', vmUuid: 'web' };
      const bytes = migrationCodec.encode(migration({ migrationId, ...hosts, endedAtMs: 0, ...given }));
      return world.store.put(`migration.${migrationId}`, bytes, 0);
    };
    await recorded('m8', { state: 'MIGRATION_STATE_VERIFYING' });
    await recorded('m9', { state: 'MIGRATION_STATE_SPLIT', stateSinceMs: 5 });
    await world.store.put('vm.web', encodeJson({ epoch: 9, migrationId: 'm8', isEnding: false }), 0);
    const runner = await world.leading();
    const lost = runner.get('m9');
    t.match(lost, { state: 'MIGRATION_STATE_FAILED', causeCode: 'MIGRATION_CAUSE_FENCED_EPOCH', epoch: 1 });
    t.match(lost?.outcome, /another migration of the VM/);
    t.ok((lost?.endedAtMs ?? 0) > 0);
    t.equal(lost?.stateSinceMs, lost?.endedAtMs, 'it did not fail when it was split');
    t.strictSame(states(world, 'm9'), ['FAILED']);
  },
);
