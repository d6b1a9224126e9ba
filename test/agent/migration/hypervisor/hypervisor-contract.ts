// Tests what migrations rely on in any hypervisor behind the port: the real libvirt passes, and so must every model of it.
import type { Test } from 'tap';
import { ErrorCode } from '../../../../agent/libvirt/constants.ts';
import type { CopyOrder, Hypervisor, VmEvent } from '../../../../agent/migration/hypervisor/hypervisor.ts';

export interface ContractWorld {
  readonly source: Hypervisor;
  readonly target: Hypervisor;
  /** Starts a persistent VM on the source; of a busy one, which writes to its memory all the time, a slow copy does not end. */
  readonly runVm: (name: string, isBusy?: boolean) => Promise<string>;
  /** Speed is up to the world: slow means that there is time to do something meanwhile. */
  readonly order: (isSlow: boolean) => CopyOrder;
  /** Lets the hypervisors do what they do while the test waits, until it is so; fails when it never is. */
  readonly until: (isSo: () => Promise<boolean>) => Promise<void>;
}

const wait = { timeoutMs: 20_000 };
const never = new AbortController().signal;

export async function hypervisorContract(t: Test, world: ContractWorld): Promise<void> {
  await t.test('a VM is acted on, and shows it', (t) => acts(t, world));
  await t.test('what is not there or does not run says so by code', (t) => refusals(t, world));
  await t.test('a copy that is ended leaves the VM where it was', (t) => abortedCopy(t, world));
  await t.test('a copy that arrives paused has left its source', (t) => pausedCopy(t, world));
}

async function acts(t: Test, { source, runVm, until }: ContractWorld): Promise<void> {
  const uuid = await runVm('actor');
  const over = new AbortController();
  const heard: string[] = [];
  const listener = (event: VmEvent): void => {
    if ('detail' in event && event.kind !== 'other') heard.push(`${event.kind} ${event.detail}`);
  };
  const onLost = (): void => undefined;
  await source.listen(uuid, listener, { ...wait, signal: over.signal, onLost });
  t.match(await source.observe(uuid, wait), {
    uuid,
    state: 'VM_STATE_RUNNING',
    persistent: true,
    migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED',
  });
  await source.suspend(uuid, wait);
  t.match(await source.observe(uuid, wait), {
    state: 'VM_STATE_PAUSED',
    stateReason: 'VM_STATE_REASON_USER',
  });
  await source.resume(uuid, wait);
  t.match(await source.observe(uuid, wait), {
    state: 'VM_STATE_RUNNING',
    stateReason: 'VM_STATE_REASON_UNPAUSED',
  });
  await source.destroy(uuid, wait);
  t.match(await source.observe(uuid, wait), {
    state: 'VM_STATE_SHUT_OFF',
    stateReason: 'VM_STATE_REASON_DESTROYED',
    libvirtId: -1,
  });
  await source.undefine(uuid, wait);
  t.equal(await source.observe(uuid, wait), undefined);
  await until(() => Promise.resolve(heard.length >= 3));
  t.strictSame(heard, ['suspended paused', 'resumed unpaused', 'stopped destroyed']);
  over.abort();
}

async function refusals(t: Test, { source, runVm, order }: ContractWorld): Promise<void> {
  const nobody = crypto.randomUUID();
  t.equal(await source.observe(nobody, wait), undefined);
  const absent = { code: ErrorCode.noDomain };
  await t.rejects(source.resume(nobody, wait), absent);
  await t.rejects(source.destroy(nobody, wait), absent);
  await t.rejects(source.undefine(nobody, wait), absent);
  await t.rejects(
    source.withCopy(nobody, (copy) => copy.start(order(false), wait), never),
    absent,
  );
  const uuid = await runVm('refuser');
  await source.withCopy(
    uuid,
    async (copy) => {
      t.equal(await copy.figures(wait), undefined);
      await t.rejects(copy.abort(wait), { code: ErrorCode.operationInvalid });
      t.equal(await copy.downtimeMaxMs(wait), 300);
      await copy.setDowntimeMax(77, wait);
      t.equal(await copy.downtimeMaxMs(wait), 77);
      const rate = await copy.dirtyBytesPerSecond(1_000, wait);
      t.ok(rate === undefined || rate >= 0);
    },
    never,
  );
  await source.destroy(uuid, wait);
  await t.rejects(source.resume(uuid, wait), { code: ErrorCode.operationInvalid });
  await source.undefine(uuid, wait);
}

async function abortedCopy(t: Test, { source, target, runVm, order, until }: ContractWorld): Promise<void> {
  const uuid = await runVm('stayer', true);
  await source.withCopy(
    uuid,
    async (copy) => {
      const call = copy.start(order(true), wait).then(
        () => 'arrived',
        (error: unknown) => error,
      );
      await until(async () => ((await copy.figures(wait))?.memoryProcessedBytes ?? 0) > 0);
      t.match(await source.observe(uuid, wait), { migrationRole: 'VM_MIGRATION_ROLE_OUTGOING' });
      await copy.abort(wait);
      t.match(await call, { code: ErrorCode.operationAborted });
      t.equal(await copy.figures(wait), undefined);
    },
    never,
  );
  t.match(await source.observe(uuid, wait), {
    state: 'VM_STATE_RUNNING',
    migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED',
  });
  t.equal(await target.observe(uuid, wait), undefined);
  await source.destroy(uuid, wait);
  await source.undefine(uuid, wait);
}

async function pausedCopy(t: Test, { source, target, runVm, order, until }: ContractWorld): Promise<void> {
  const uuid = await runVm('mover');
  const heard: VmEvent[] = [];
  const over = new AbortController();
  const onLost = (): void => undefined;
  const listener = (event: VmEvent): void => void heard.push(event);
  await source.listen(uuid, listener, { ...wait, signal: over.signal, onLost });
  const paused = { ...order(false), arrivesPaused: true };
  await source.withCopy(
    uuid,
    async (copy) => {
      const call = copy.start(paused, wait);
      await until(() => Promise.resolve(heard.some(({ kind }) => kind === 'suspended')));
      await copy.processEnded(never);
      const shown = await source.observe(uuid, wait);
      t.ok(
        shown === undefined || shown.processEnded,
        'the end of its QEMU is known no later than by libvirt',
      );
      await call;
    },
    never,
  );
  t.equal(await source.observe(uuid, wait), undefined);
  t.match(await target.observe(uuid, wait), {
    state: 'VM_STATE_PAUSED',
    stateReason: 'VM_STATE_REASON_USER',
    persistent: true,
    migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED',
  });
  await until(() => Promise.resolve(heard.some(({ kind }) => kind === 'completed')));
  t.match(
    heard.filter(({ kind }) => kind === 'suspended' || kind === 'stopped'),
    [
      { kind: 'suspended', detail: 'migrated' },
      { kind: 'stopped', detail: 'migrated' },
    ],
  );
  over.abort();
  await target.resume(uuid, wait);
  t.match(await target.observe(uuid, wait), { state: 'VM_STATE_RUNNING' });
  await target.destroy(uuid, wait);
  await target.undefine(uuid, wait);
}
