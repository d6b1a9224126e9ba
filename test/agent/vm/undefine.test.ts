// Tests, on a real libvirtd, that removing a VM removes all volumes made for it, names those that stay, and takes none that others need.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { define } from '../../../agent/libvirt/domain.ts';
import { createPool } from '../../../agent/libvirt/storage.ts';
import { createLifecycle } from '../../../agent/vm/lifecycle.ts';
import type { UndefineOrder } from '../../../agent/vm/undefine.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { UndefineVmResponse } from '../../../shared/gen/agent.ts';
import { MIB } from '../../../shared/units.ts';
import { giveAway, tinyGuest, whyNoLibvirtd } from '../libvirt/private-libvirtd.ts';
import { spec, startRealHost, type RealHost } from './real-host.ts';

const never = new AbortController().signal;
const wait = { timeoutMs: 20_000 };
const withVolumes = (name: string): UndefineOrder => ({ vm: { name }, deleteVolumes: true });

function virsh({ daemon }: RealHost, ...args: string[]): void {
  const socket = daemon.target.kind === 'unix' ? daemon.target.path : '';
  execFileSync('virsh', ['-q', '-c', `qemu+unix:///session?socket=${socket}`, ...args]);
}

/** A layer of qcow2 above `base`, made by somebody else: libvirt has not seen it. */
function overlay(path: string, base: string): void {
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, path]);
  giveAway(path);
}

interface Made {
  readonly uuid: string;
  /** The volume that evenkeel made, by name and path. */
  readonly volume: string;
  readonly path: string;
}

async function make(host: RealHost, name: string, start = false): Promise<Made> {
  const disks = [{ pool: 'pool', newBytes: 8 * MIB, sizeBytes: 0 }];
  const { uuid = '' } = await host.create({ spec: spec({ name, disks, headless: true }), start }, never);
  const file = `${name}-${uuid}-vda.qcow2`;
  return { uuid, volume: `pool/${file}`, path: join(host.poolDirectory, file) };
}

/** Gives a VM that is off another file for its disk, as a backup tool does that leaves it on an overlay. */
function putOn(host: RealHost, vm: Made, path: string): Promise<unknown> {
  return host.access.own(async (connection) => {
    const { xml = '' } = await host.lifecycle.get({ vm: { uuid: vm.uuid }, includeXml: true }, never);
    return define(connection, xml.replace(vm.path, path), 0, wait);
  });
}

const skip = whyNoLibvirtd();
void t.test('undefine with volumes', skip === undefined ? {} : { skip }, async (t) => {
  const host = await startRealHost();
  t.teardown(() => host.stop());
  const files = (): string[] => readdirSync(host.poolDirectory).sort();
  const remove = (name: string): Promise<UndefineVmResponse> =>
    host.lifecycle.undefine(withVolumes(name), never);

  await t.test('takes the base images below external snapshots', async (t) => {
    const { uuid, volume } = await make(host, 'snapped', true);
    for (const snapshot of ['s1', 's2']) {
      virsh(host, 'snapshot-create-as', uuid, snapshot, '--disk-only', '--atomic');
      virsh(host, 'snapshot-delete', uuid, snapshot, '--metadata');
    }
    await host.lifecycle.destroy({ uuid }, never);
    t.equal(files().length, 3);
    const base = volume.replace('.qcow2', '');
    t.strictSame(await remove('snapped'), {
      deletedVolumes: [`${base}.s2`, `${base}.s1`, volume],
      keptVolumes: [],
    });
    t.strictSame(files(), []);
  });

  await t.test(
    'takes layers in other pools, whatever their names, and those that no disk names',
    async (t) => {
      const folder = join(host.daemon.directory, 'backup');
      mkdirSync(folder);
      giveAway(folder);
      const pool = `<pool type='dir'><name>backup</name><target><path>${folder}</path></target></pool>`;
      await host.access.own((connection) => createPool(connection, pool, wait));
      const vm = await make(host, 'spread');
      const layer = join(folder, 'of-a-tool.img');
      overlay(layer, vm.path);
      await putOn(host, vm, layer);
      overlay(vm.path.replace('.qcow2', '.left'), vm.path);
      const removed = await remove('spread');
      t.strictSame(removed.deletedVolumes.toSorted(), [
        'backup/of-a-tool.img',
        vm.volume.replace('.qcow2', '.left'),
        vm.volume,
      ]);
      t.strictSame(removed.keptVolumes, []);
      t.strictSame([...files(), ...readdirSync(folder)], []);
    },
  );

  await t.test('names a layer that is in no pool', async (t) => {
    const vm = await make(host, 'outside');
    const layer = join(host.daemon.directory, 'outside.img');
    overlay(layer, vm.path);
    await putOn(host, vm, layer);
    const removed = await remove('outside');
    t.strictSame(removed.deletedVolumes, [vm.volume], 'found by its name');
    t.match(removed.keptVolumes, [{ volume: layer, reason: /no active storage pool .*; remove it by hand/ }]);
    t.ok(existsSync(layer));
    t.strictSame(files(), []);
  });

  await t.test('keeps what another VM uses or builds on', (t) => neededByOthers(t, host));
  await t.test('of a VM whose start failed', (t) => failedStart(t, host));

  await t.test('is refused while a QEMU that nobody asked holds the lock of a disk', async (t) => {
    const vm = await make(host, 'elsewhere');
    // Stands for the QEMU of another host on the same storage.
    const other = spawn('qemu-io', ['-f', 'qcow2', vm.path], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');
    await t.rejects(remove('elsewhere'), {
      code: 'FAILED_PRECONDITION',
      message: /is in use: a QEMU holds its lock/,
    });
    other.stdin.end('quit\n');
    await once(other, 'exit');
    t.strictSame((await remove('elsewhere')).deletedVolumes, [vm.volume]);
  });
});

async function neededByOthers(t: Test, host: RealHost): Promise<void> {
  const vm = await make(host, 'golden');
  const inPool = join(host.poolDirectory, 'linked.qcow2');
  const outside = join(host.daemon.directory, 'linked.img');
  const kept = async (by: string): Promise<void> => {
    const removed = await host.lifecycle.undefine(withVolumes('golden'), never);
    t.strictSame(removed, {
      deletedVolumes: [],
      keptVolumes: [{ volume: vm.volume, reason: `VM ${by} uses it or builds on it` }],
    });
    t.ok(existsSync(vm.path));
  };
  const xml = (await host.lifecycle.get({ vm: { uuid: vm.uuid }, includeXml: true }, never)).xml ?? '';
  const again = (): Promise<unknown> => host.access.own((connection) => define(connection, xml, 0, wait));

  overlay(inPool, vm.path);
  // As somebody else makes it: evenkeel refuses a disk that builds on one of another VM.
  const diskOf = (path: string): string =>
    `<disk type='file'><driver name='qemu' type='qcow2'/><source file='${path}'/><target dev='vda'/></disk>`;
  await host.access.own((connection) => define(connection, tinyGuest('linked', diskOf(inPool)), 0, wait));
  await kept('linked');
  await again();
  await host.lifecycle.start({ name: 'linked' }, never);
  await kept('linked');
  await host.lifecycle.destroy({ name: 'linked' }, never);
  await host.lifecycle.undefine({ vm: { name: 'linked' }, deleteVolumes: false }, never);

  await again();
  overlay(outside, vm.path);
  await host.access.own((connection) => define(connection, tinyGuest('unpooled', diskOf(outside)), 0, wait));
  await kept('unpooled');
  await host.lifecycle.undefine({ vm: { name: 'unpooled' }, deleteVolumes: false }, never);

  await again();
  const { deletedVolumes } = await host.lifecycle.undefine(withVolumes('golden'), never);
  t.strictSame(deletedVolumes, [vm.volume], 'nobody needs it any more');
  rmSync(inPool);
}

async function failedStart(t: Test, host: RealHost): Promise<void> {
  const disks = [1, 2].map(() => ({ pool: 'pool', newBytes: 8 * MIB, sizeBytes: 0 }));
  const { uuid = '' } = await host.create(
    { spec: spec({ name: 'broken', disks, headless: true }), start: false },
    never,
  );
  const file = (disk: string): string => `broken-${uuid}-${disk}.qcow2`;
  rmSync(join(host.poolDirectory, file('vdb')));
  await t.rejects(host.lifecycle.start({ uuid }, never), { message: /start VM/ });
  t.match(await host.lifecycle.get({ vm: { uuid }, includeXml: false }, never), {
    vm: { state: 'VM_STATE_SHUT_OFF', stateReason: 'VM_STATE_REASON_FAILED' },
  });
  const remembering = createLifecycle(
    host.access,
    systemClock,
    () => Promise.resolve(),
    () => Promise.resolve(true),
  );
  await t.rejects(
    remembering.undefine(withVolumes('broken'), never),
    { code: 'FAILED_PRECONDITION', message: /a migration may have left this definition here/ },
    'a host that remembers a migration of it cannot tell the two apart',
  );
  t.ok(existsSync(join(host.poolDirectory, file('vda'))));
  const removed = await remembering.undefine({ ...withVolumes('broken'), absentElsewhere: true }, never);
  t.strictSame(removed, { deletedVolumes: [`pool/${file('vda')}`], keptVolumes: [] });

  const again = await make(host, 'broken2');
  writeFileSync(again.path, 'no image');
  await t.rejects(host.lifecycle.start({ uuid: again.uuid }, never), { message: /start VM/ });
  t.strictSame(
    (await host.lifecycle.undefine(withVolumes('broken2'), never)).deletedVolumes,
    [again.volume],
    'a host that never took part in a migration of it needs no word of others',
  );
}
