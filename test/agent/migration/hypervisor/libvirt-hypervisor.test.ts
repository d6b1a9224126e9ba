// Tests the hypervisor port on the real libvirt, and the commit of a paused copy by scheduler or watchdog.
import t, { type Test } from 'tap';
import type { Copy } from '../../../../agent/migration/hypervisor/hypervisor.ts';
import { systemClock } from '../../../../shared/clock.ts';
import { GIB, MIB, SECOND_MS } from '../../../../shared/units.ts';
import { whyNoLibvirtd } from '../../libvirt/private-libvirtd.ts';
import { hypervisorContract } from './hypervisor-contract.ts';
import { busyVm, never, remove, resultOf, runningVm, startPair, stateOn, type Pair } from '../pair.ts';
import { until } from '../../../until.ts';
import { VmStateReason } from '../../../../shared/gen/telemetry.ts';

const skip = whyNoLibvirtd();
const PAUSED = { commitMode: 'COMMIT_MODE_PAUSED' } as const;

void t.test('on a real libvirt', skip === undefined ? {} : { skip }, async (t) => {
  const pair = await startPair(t);
  await t.test('the contract', (t) => contract(t, pair));
  await t.test('a copy that arrived paused is resumed by the scheduler', (t) => committed(t, pair));
  await t.test('or by its host, when no scheduler speaks and the source has let go', (t) => watched(t, pair));
  await t.test('a process seen to end after libvirt has said so changes nothing', (t) => toldFirst(t, pair));
  await t.test('the dirty rate of a guest that is measured before its copy', (t) => measured(t, pair));
});

async function contract(t: Test, { source, target, agent }: Pair): Promise<void> {
  await hypervisorContract(t, {
    source: agent(source).hypervisor,
    target: agent(target).hypervisor,
    runVm: (name, isBusy = false) => (isBusy ? busyVm(source, name) : runningVm(source, name)),
    order: (isSlow) => ({
      targetLibvirtUri: target.uri,
      targetMigrateUri: 'tcp://127.0.0.1',
      bandwidthBytesPerSecond: isSlow ? MIB : 512 * MIB,
      arrivesPaused: false,
      autoConverge: false,
      postCopy: false,
    }),
    until: async (isSo) => {
      await until('the hypervisors to do what they do', isSo);
    },
  });
}

function guardOf(pair: Pair, asked: { migrationId: string; epoch: number; vmUuid: string }) {
  return {
    ...asked,
    ...PAUSED,
    vmName: 'mover',
    memoryBytes: 32 * MIB,
    sourceHostId: 'source',
    sourceAgentAddress: '127.0.0.1:1',
    sourceCertificateSha256: '',
    autostart: false,
  };
}

async function committed(t: Test, pair: Pair): Promise<void> {
  const [here, there] = [pair.agent(pair.source), pair.agent(pair.target)];
  const uuid = await runningVm(pair.source, 'mover');
  const request = pair.request(uuid, PAUSED);
  const { migrationId, epoch } = request;
  const asked = { migrationId, epoch, vmUuid: uuid };
  await there.guard.guard(guardOf(pair, asked), never);
  t.match(await resultOf(here.jobs.migrate(request, never)), { ok: true, message: /arrived, paused/ });
  const left = (await here.guard.observe(asked, never)).vm;
  t.ok(left === undefined || left?.processEnded, 'no QEMU of it runs on the source');
  const { vm } = await there.guard.observe(asked, never);
  t.match(vm, { state: 'VM_STATE_PAUSED', migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED' });
  const order = {
    ...asked,
    act: 'SETTLE_ACT_RESUME',
    expectedState: 'VM_STATE_PAUSED',
    expectedStateReason:
      Object.values(VmStateReason).find((reason) => reason === vm?.stateReason) ??
      'VM_STATE_REASON_UNSPECIFIED',
    expectedLibvirtId: vm?.libvirtId ?? 0,
  } as const;
  const startedMs = systemClock.monotonicMs();
  t.match(await there.guard.settle(order, never), { vm: { state: 'VM_STATE_RUNNING' } });
  t.comment(`settled in ${Math.round(systemClock.monotonicMs() - startedMs)} ms`);
  await t.rejects(there.guard.settle(order, never), { code: 'FAILED_PRECONDITION', message: /look again/ });
  await until('the VM to be gone', async () => (await here.guard.observe(asked, never)).vm === undefined);
  await here.guard.end(asked);
  await there.guard.end(asked);
  await remove(pair.target, uuid);
}

/** Its process ended while nobody looked, and libvirt has told already: nothing is left to be shown as leaving. */
async function toldFirst(t: Test, pair: Pair): Promise<void> {
  const { hypervisor } = pair.agent(pair.source);
  const uuid = await runningVm(pair.source, 'sleeper');
  const order = { ...pair.request(uuid, PAUSED), arrivesPaused: true };
  const copyAndLook = async (copy: Copy): Promise<void> => {
    await copy.start(order, { timeoutMs: 60 * SECOND_MS });
    await copy.processEnded(never);
  };
  await hypervisor.withCopy(uuid, copyAndLook, never);
  t.equal(await hypervisor.observe(uuid, { timeoutMs: 10 * SECOND_MS }), undefined);
  await remove(pair.target, uuid);
}

async function watched(t: Test, pair: Pair): Promise<void> {
  const [here, there] = [pair.agent(pair.source), pair.agent(pair.target)];
  const uuid = await runningVm(pair.source, 'mover');
  const request = pair.request(uuid, PAUSED);
  const asked = { migrationId: request.migrationId, epoch: request.epoch, vmUuid: uuid };
  await there.guard.guard(guardOf(pair, asked), never);
  const result = await resultOf(here.jobs.migrate(request, never));
  t.match(result, { ok: true }, result?.message ?? 'no result');
  t.equal(await stateOn(pair.target, uuid), 'VM_STATE_PAUSED');
  await until('the copy to run', async () => (await stateOn(pair.target, uuid)) === 'VM_STATE_RUNNING');
  t.match(await there.intents.of(uuid), { intent: { isSettled: true } });
  await there.guard.end(asked);
  await remove(pair.target, uuid);
}

async function measured(t: Test, pair: Pair): Promise<void> {
  const { hypervisor } = pair.agent(pair.source);
  const uuid = await runningVm(pair.source, 'writer');
  const rate = await hypervisor.withCopy(
    uuid,
    (copy) => copy.dirtyBytesPerSecond(1_000, { timeoutMs: 10_000 }),
    never,
  );
  t.ok(rate !== undefined && rate >= 0 && rate < GIB, `${String(rate)} bytes a second`);
  await remove(pair.source, uuid);
}
