// Migrates between two real libvirtds on one machine: started once, watched, aborted, timed out, fenced, found again.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { MigrationSettings } from '../../../agent/config.ts';
import { createCheckTarget } from '../../../agent/migration/checks/check.ts';
import { createLookAtSource } from '../../../agent/migration/checks/source-check.ts';
import { LibvirtError } from '../../../agent/libvirt/errors.ts';
import { Intents } from '../../../agent/migration/promises/intents.ts';
import { openStateFolder } from '../../../agent/state/disk.ts';
import { getMaxDowntimeMs, setMaxSpeed } from '../../../agent/libvirt/migration.ts';
import { define, domainByUuid, undefine } from '../../../agent/libvirt/domain.ts';
import { getCapabilities } from '../../../agent/libvirt/node.ts';
import type { CheckTargetResponseInput, MigrateRequest } from '../../../shared/gen/agent.ts';
import { systemClock } from '../../../shared/clock.ts';
import { GIB, MIB } from '../../../shared/units.ts';
import { whyNoLibvirtd } from '../libvirt/private-libvirtd.ts';
import { freePort } from '../../services.ts';
import {
  all,
  asSystem,
  busyVm,
  logger,
  never,
  remove,
  resultOf,
  runningVm,
  SLOW,
  startPair,
  stateOn,
  untilCopying,
  type Pair,
} from './pair.ts';
import { until } from '../../until.ts';

const skip = whyNoLibvirtd();

void t.test('between two hosts', skip === undefined ? {} : { skip }, async (t) => {
  const pair = await startPair(t);
  const { source, target } = pair;

  await t.test('a VM moves with its definition, and the call says how long it stood still', async (t) => {
    const jobs = pair.restart(source);
    const uuid = await runningVm(source, 'mover');
    const request = pair.request(uuid);
    const messages = await all(jobs.migrate(request, never));
    const result = messages.at(-1)?.result;
    t.match(result, { ok: true, progress: { memoryTotalBytes: Number, iteration: Number } });
    t.ok((result?.progress?.downtimeMs ?? 0) > 0, 'downtime is measured');
    t.equal(await stateOn(source, uuid), 'NOT_FOUND');
    const moved = await target.lifecycle.get({ vm: { uuid }, includeXml: false }, never);
    t.match(moved.vm, {
      state: 'VM_STATE_RUNNING',
      persistent: true,
      metadata: { owner: 'ann', purpose: 'a & b' },
    });
    t.strictSame(
      await all(jobs.migrate(request, never)),
      [{ result }],
      'asked again, it gives the same result',
    );
    await remove(target, uuid);
  });

  await t.test('a VM that may end by post-copy moves without it where QEMU has none', async (t) => {
    const uuid = await runningVm(source, 'opter');
    const migrating = pair.restart(source).migrate(pair.request(uuid, { postCopy: true }), never);
    t.match((await all(migrating)).at(-1)?.result, { ok: true });
    t.equal(await stateOn(target, uuid), 'VM_STATE_RUNNING');
    await remove(target, uuid);
  });

  await t.test('while it runs it cannot be pulled away, and an abort leaves it as it was', async (t) => {
    const jobs = pair.restart(source);
    const uuid = await busyVm(source, 'stayer');
    const request = pair.request(uuid, { ...SLOW, downtimeMaxMs: 77 });
    await untilCopying(jobs, request);
    const ref = { uuid };
    const refused = { code: 'FAILED_PRECONDITION', message: /migrating (away from|to) this host/ };
    for (const host of [source, target]) await t.rejects(host.lifecycle.destroy(ref, never), refused);
    const [here, there] = await Promise.all([source, target].map((host) => host.lifecycle.list(never)));
    t.match(here, [{ uuid, migrationRole: 'VM_MIGRATION_ROLE_OUTGOING', state: 'VM_STATE_RUNNING' }]);
    t.match(there, [{ uuid, migrationRole: 'VM_MIGRATION_ROLE_INCOMING', state: 'VM_STATE_PAUSED' }]);
    const another = pair.request(uuid);
    t.throws(() => jobs.migrate(another, never), { code: 'FAILED_PRECONDITION', message: /has not ended/ });

    const order = { migrationId: request.migrationId, vmUuid: uuid, epoch: request.epoch };
    const late = { ...order, epoch: request.epoch - 1 };
    await t.rejects(jobs.abort(late, never), { code: 'FAILED_PRECONDITION', message: /^fenced_epoch/ });
    await jobs.abort(order, never);
    t.match(await resultOf(jobs.migrate(request, never)), {
      ok: false,
      causeCode: 'MIGRATION_CAUSE_USER_ABORT',
    });
    t.equal(await stateOn(source, uuid), 'VM_STATE_RUNNING');
    t.equal(await stateOn(target, uuid), 'NOT_FOUND');
    const downtimeMs = await source.access.shared((connection) =>
      getMaxDowntimeMs(connection, domainByUuid(uuid), { timeoutMs: 5_000 }),
    );
    t.equal(downtimeMs, 300, "QEMU's own limit is back");
    await t.rejects(jobs.abort(order, never), {
      message: /has ended/,
    });
    const other = { migrationId: 'other', vmUuid: crypto.randomUUID(), epoch: 1 };
    await t.rejects(jobs.abort(other, never), { code: 'NOT_FOUND' });
    await remove(source, uuid);
  });

  await t.test('what takes too long is aborted', async (t) => {
    const jobs = pair.restart(source);
    const uuid = await busyVm(source, 'slow');
    const result = await resultOf(jobs.migrate(pair.request(uuid, { ...SLOW, timeoutMs: 400 }), never));
    t.match(result, { ok: false, causeCode: 'MIGRATION_CAUSE_TIMEOUT' });
    t.equal(await stateOn(source, uuid), 'VM_STATE_RUNNING');
    await remove(source, uuid);
  });

  await t.test('a restarted agent finds its migration again and never starts it twice', async (t) => {
    const before = pair.restart(source);
    const uuid = await busyVm(source, 'resumed');
    // With so long a pause the copy ends as soon as it is fast.
    const request = pair.request(uuid, { ...SLOW, downtimeMaxMs: 10_000 });
    await untilCopying(before, request);
    const told = resultOf(before.migrate(request, never));
    const after = pair.restart(source);
    await t.rejects(told, { code: 'UNAVAILABLE', message: /the agent is stopping, the migration goes on/ });
    const found = resultOf(after.migrate(request, never));
    const fast = { bytesPerSecond: 512 * MIB };
    await source.access.shared((connection) =>
      setMaxSpeed(connection, domainByUuid(uuid), fast, { timeoutMs: 5_000 }),
    );
    t.match(await found, { ok: true, message: /left the source/ });
    t.equal(await stateOn(target, uuid), 'VM_STATE_RUNNING');
    t.equal(await stateOn(source, uuid), 'NOT_FOUND');
    const again = pair.restart(source);
    t.match(await resultOf(again.migrate(request, never)), { ok: true }, 'long after, it still says so');

    const back = pair.request(uuid, { targetLibvirtUri: asSystem(source.uri) });
    t.match(await resultOf(pair.restart(target).migrate(back, never)), { ok: true });
    const { jobs, guard } = pair.agent(source);
    const { migrationId, epoch } = request;
    await guard.end({ migrationId, epoch, vmUuid: uuid });
    t.match(await resultOf(jobs.migrate(request, never)), {
      ok: false,
      causeCode: 'MIGRATION_CAUSE_FENCED_EPOCH',
    });
    t.equal(await stateOn(source, uuid), 'VM_STATE_RUNNING', 'a late command moves nothing');
    await remove(source, uuid);
  });

  await t.test('a target that is not there leaves the VM alone', async (t) => {
    const jobs = pair.restart(source);
    const uuid = await runningVm(source, 'homebody');
    const nowhere = `qemu+tcp://127.0.0.1:${await freePort()}/system`;
    const request = pair.request(uuid, { targetLibvirtUri: nowhere });
    t.match(await resultOf(jobs.migrate(request, never)), {
      ok: false,
      causeCode: 'MIGRATION_CAUSE_DST_UNREACHABLE',
    });
    const itself = pair.request(uuid, { targetLibvirtUri: asSystem(source.uri) });
    t.match(await resultOf(jobs.migrate(itself, never)), {
      ok: false,
      causeCode: 'MIGRATION_CAUSE_DST_FAILED',
    });
    t.equal(await stateOn(source, uuid), 'VM_STATE_RUNNING');
    await source.lifecycle.destroy({ uuid }, never);
    await t.rejects(resultOf(jobs.migrate(pair.request(uuid), never)), { code: 'FAILED_PRECONDITION' });
    await source.lifecycle.undefine({ vm: { uuid }, deleteVolumes: true }, never);
    await t.rejects(resultOf(jobs.migrate(pair.request(uuid), never)), { code: 'NOT_FOUND' });
  });

  await t.test('a bad request is refused by field', (t) => badRequests(t, pair));
  await t.test('the source names what keeps a VM there, and asks libvirt without a trace', (t) =>
    leaving(t, pair),
  );
  await t.test('a target names every reason why a VM cannot come', (t) => checks(t, pair));
  await t.test('when the source libvirtd dies, so does the call, and the VM stays', async (t) => {
    const jobs = pair.restart(source);
    const uuid = await busyVm(source, 'survivor');
    const request = pair.request(uuid, SLOW);
    await untilCopying(jobs, request);
    await source.daemon.kill();
    t.match(await resultOf(jobs.migrate(request, never)), {
      ok: false,
      causeCode: 'MIGRATION_CAUSE_SRC_DAEMON_LOST',
    });
    await source.daemon.start();
    await until('the guest to run', async () => (await stateOn(source, uuid)) === 'VM_STATE_RUNNING');
  });
});

async function badRequests(t: Test, pair: Pair): Promise<void> {
  const jobs = pair.restart(pair.source);
  const uuid = crypto.randomUUID();
  const cases: [change: Partial<MigrateRequest>, message: RegExp][] = [
    [{ migrationId: '' }, /^migration_id: /],
    [{ epoch: 0 }, /^epoch: must be above 0/],
    [{ vmUuid: 'web1' }, /^vm_uuid: "web1" is not a UUID/],
    [{ targetLibvirtUri: 'qemu:///system' }, /^target_libvirt_uri: .*another host/],
    [{ targetLibvirtUri: 'qemu+tcp://localhost/system' }, /^target_libvirt_uri: /],
    [{ bandwidthBytesPerSecond: 0 }, /^bandwidth_bytes_per_second: /],
    [{ downtimeMaxMs: 0 }, /^downtime_max_ms: /],
    [{ timeoutMs: 0 }, /^timeout_ms: /],
    [{ postCopy: true, commitMode: 'COMMIT_MODE_PAUSED' }, /^post_copy: .*cannot arrive paused/],
  ];
  for (const [change, message] of cases)
    t.throws(() => jobs.migrate(pair.request(uuid, change), never), { code: 'INVALID_ARGUMENT', message });
  writeFileSync(join(pair.stateDirectory, 'agent', 'intents.json'), '{"vms":');
  const torn = pair.restart(pair.source);
  await t.rejects(resultOf(torn.migrate(pair.request(uuid), never)), {
    code: 'FAILED_PRECONDITION',
    message: /intents\.json: .*checksum.*move the file away/,
  });
  rmSync(join(pair.stateDirectory, 'agent', 'intents.json'));
  await t.rejects(resultOf(torn.migrate(pair.request(uuid), never)), { code: 'NOT_FOUND' });
  await torn.recover();
  t.equal(
    await new Intents(openStateFolder(join(pair.stateDirectory, 'agent')), systemClock).of(uuid),
    undefined,
  );
}

interface Change {
  readonly xml?: string;
  readonly version?: string;
  readonly memoryBytes?: number;
  readonly totalBytes?: number;
  readonly tls?: boolean;
  readonly settings?: Partial<MigrationSettings>;
  readonly qemuConf?: string;
  /** The CPU of the source's host. */
  readonly cpuXml?: string;
}

/** Asked of the source's libvirt, as the scheduler asks before each migration. */
async function leaving(t: Test, pair: Pair): Promise<void> {
  const { source, target } = pair;
  const uuid = await runningVm(source, 'leaver');
  const look = createLookAtSource(source.access, true);
  const find = async (vmUuid: string): Promise<unknown> => (await look(vmUuid, 'watch', never)).obstacles;
  const { identities } = await look(uuid, 'migration', never);
  t.match([...identities.values()], [/^file [0-9a-f]+ [0-9a-f]+ \d+$/], 'what the target must see');
  t.strictSame(await find(uuid), []);
  const virsh = (...args: string[]): void => {
    const { target: daemon } = source.daemon;
    const socket = daemon.kind === 'unix' ? daemon.path : '';
    execFileSync('virsh', ['-q', '-c', `qemu+unix:///session?socket=${socket}`, ...args]);
  };
  virsh('snapshot-create-as', uuid, 's1', '--disk-only', '--atomic');
  t.match(await find(uuid), [
    {
      causeCode: 'MIGRATION_CAUSE_HAS_SNAPSHOTS',
      reason: /keeps a snapshot of it/,
      cure: /snapshot-list leaver/,
    },
  ]);
  virsh('snapshot-delete', uuid, 's1', '--metadata');
  t.strictSame(await find(uuid), [], 'gone with the snapshot');
  const result = (await all(pair.restart(source).migrate(pair.request(uuid), never))).at(-1)?.result;
  t.match(result, { ok: true }, 'the questions left nothing behind');
  await t.rejects(find(uuid), LibvirtError, 'it has left');
  await remove(target, uuid);
}

async function checks(t: Test, { source, target, agent, stateDirectory }: Pair): Promise<void> {
  const uuid = await runningVm(source, 'asker');
  const { vm, xml = '' } = await source.lifecycle.get({ vm: { uuid }, includeXml: true }, never);
  const { intents } = agent(target);
  const settings = {
    unsafe: true,
    tls: false,
    allowTcp: true,
    memoryReserveBytes: 256 * MIB,
    memoryOvercommitRatio: 1,
    portMin: 49_152,
    portMax: 49_215,
    tlsDirectory: join(stateDirectory, 'pki'),
  };
  const ask = (change: Change): Promise<CheckTargetResponseInput> =>
    createCheckTarget({
      access: target.access,
      intents,
      clock: systemClock,
      logger,
      settings: { ...settings, ...change.settings },
      procRoot: '/proc',
      memory: () => ({
        memoryBytes: change.totalBytes ?? 4 * GIB,
        memoryAvailableBytes: change.memoryBytes ?? GIB,
      }),
      lookAtLink: (name) => (name === 'br-test' ? { bridge: 'linux', isUp: true } : undefined),
      qemuConf: change.qemuConf ?? join(stateDirectory, 'qemu.conf'),
    })(
      {
        vmUuid: uuid,
        vmName: 'asker',
        xml: change.xml ?? xml,
        storage: [],
        sourceCpuXml: change.cpuXml ?? '',
        sourceHypervisorVersion: change.version ?? '7.0.0',
        tls: change.tls ?? false,
      },
      never,
    );
  const check = async (change: Change): Promise<string[]> =>
    ((await ask(change)).refusals ?? []).map(({ causeCode }) =>
      String(causeCode).replace('MIGRATION_CAUSE_', '').toLowerCase(),
    );
  const withDevice = (device: string): string => xml.replace('</devices>', `${device}</devices>`);

  t.strictSame(await check({}), []);
  const passed = xml.replace(/<cpu [\s\S]*?(\/>|<\/cpu>)|<\/features>/, "$&<cpu mode='host-passthrough'/>");
  const capabilities = await source.access.own((c) => getCapabilities(c, { timeoutMs: 10_000 }));
  const cpuXml = /<cpu>[\s\S]*?<\/cpu>/.exec(capabilities)?.[0] ?? '';
  t.strictSame(await check({ xml: passed, cpuXml }), [], 'the same CPU');
  const another = cpuXml.replace('</cpu>', "<feature name='avx512er'/></cpu>");
  t.strictSame(await check({ xml: passed, cpuXml: another }), ['cpu_incompatible']);
  t.strictSame(await check({ cpuXml: another }), [], 'the guest does not see it');
  t.strictSame(await check({ version: '99.0.0' }), ['hypervisor_older']);
  t.strictSame(await check({ version: 'unknown' }), []);
  t.strictSame(await check({ memoryBytes: 280 * MIB }), ['memory_short']);
  t.strictSame(await check({ totalBytes: 280 * MIB }), ['memory_short'], 'promised, though not in use');
  t.strictSame(await check({ totalBytes: 280 * MIB, settings: { memoryOvercommitRatio: 2 } }), []);
  t.strictSame(await check({ tls: true }), ['tls']);
  t.strictSame(await check({ settings: { portMin: 1, portMax: 0 } }), ['ports_exhausted']);
  t.match(await ask({}), { lockProven: true, lockReason: '', atMs: Number }, 'the guest holds its lock');
  const gone = xml.replace(/-vda\.qcow2/, '-vdz.qcow2');
  t.match(await ask({ xml: gone }), { lockProven: false, lockReason: /^disk vda: .*No such file/ });
  const shared = xml.replace('</disk>', '<shareable/></disk>');
  t.match(await ask({ xml: shared }), { lockProven: false, lockReason: /^disk vda: it is shareable/ });
  const diskless = xml.replace(/<disk[\s\S]*<\/disk>/, '');
  t.match(await ask({ xml: diskless }), { lockProven: false, lockReason: /no writable disk/ });
  t.strictSame(await check({ xml: xml.replace(/machine='[^']+'/, "machine='pc-q35-99.0'") }), [
    'machine_unknown',
  ]);
  t.strictSame(
    await check({ xml: withDevice("<interface type='bridge'><source bridge='br9'/></interface>") }),
    ['bridge_missing'],
  );
  t.strictSame(
    await check({ xml: withDevice("<interface type='bridge'><source bridge='br-test'/></interface>") }),
    [],
  );
  t.strictSame(
    await check({ xml: withDevice("<interface type='network'><source network='n9'/></interface>") }),
    ['network_missing'],
  );
  t.strictSame(await check({ xml: withDevice("<hostdev mode='subsystem' type='pci'/>") }), [
    'device_not_migratable',
  ]);
  t.strictSame(await check({ xml: xml.replace(/-vda\.qcow2/, '-vdz.qcow2') }), ['disk_not_visible']);
  t.strictSame(
    await check({ xml: withDevice("<disk type='nvme' device='disk'><target dev='vdb'/></disk>") }),
    ['storage_unsafe'],
  );
  t.strictSame(
    await check({ xml: '<a/>' }).catch((error: unknown) => String(error)),
    'EvenkeelError: xml: must be a libvirt domain definition with name and uuid',
  );

  const leftOver = xml.replace(/<disk[\s\S]*<\/disk>/, '').replace(/ id='\d+'/, '');
  const left = await target.access.own((c) => define(c, leftOver, 0, { timeoutMs: 10_000 }));
  t.strictSame(await check({}), ['uuid_taken']);
  await target.access.own((c) => undefine(c, left, 0, { timeoutMs: 10_000 }));
  const namesake = leftOver.replace(uuid, crypto.randomUUID());
  const other = await target.access.own((c) => define(c, namesake, 0, { timeoutMs: 10_000 }));
  t.strictSame(await check({}), ['name_taken']);
  await target.access.own((c) => undefine(c, other, 0, { timeoutMs: 10_000 }));
  t.equal(vm?.name, 'asker');
  await remove(source, uuid);
}
