// Tests creating, running and removing VMs on a real libvirtd: results, refusals, and that a failure leaves nothing behind.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { StateFolder } from '../../../agent/state/folder.ts';
import { createCreator } from '../../../agent/vm/create.ts';
import { define as defineDomain } from '../../../agent/libvirt/domain.ts';
import { createPool, destroyPool } from '../../../agent/libvirt/storage.ts';
import { Creations } from '../../../agent/vm/creations.ts';
import { lookForPath } from '../../../agent/vm/storage.ts';
import type { Made } from '../../../agent/vm/undo.ts';
import { createFindVolumeUsers } from '../../../agent/vm/volume-users.ts';
import type { CreateVmRequest, DiskSpec, StorageUse, VmSpec } from '../../../shared/gen/agent.ts';
import { MIB } from '../../../shared/units.ts';
import { giveAway, tinyGuest, whyNoLibvirtd } from '../libvirt/private-libvirtd.ts';
import { spec, startRealHost, type RealHost } from './real-host.ts';

const never = new AbortController().signal;
const wait = { timeoutMs: 20_000 };
const NO_USE: StorageUse = {
  ...{ pool: '', volume: '', path: '', key: '', identity: '', field: 'disks[0].existing' },
  ...{ writes: false, shareable: false, local: false },
};
const newDisk: DiskSpec = { pool: 'pool', newBytes: 8 * MIB, sizeBytes: 0 };
const cloneDisk: DiskSpec = { pool: 'pool', cloneOf: 'base', sizeBytes: 0 };
const byName = (name: string): { name: string } => ({ name });

void t.test('notes of an earlier run are kept until what they name is removed', async (t) => {
  const pool = { name: 'pool', uuid: 'p1' };
  const left = {
    c1: [{ kind: 'volume', name: 'web1-u1-vda', pool }],
    c2: [
      { kind: 'volume', name: 'web2-u2-vda', pool },
      { kind: 'domain', name: 'web2', uuid: 'u2' },
    ],
  };
  const files = new Map([['creations.json', JSON.stringify(left)]]);
  const nothing = (): Promise<void> => Promise.resolve();
  const folder: StateFolder = {
    path: '/state',
    read: (name) => Promise.resolve(files.get(name)),
    write: (name, text) => Promise.resolve(void files.set(name, text)),
    rename: (from, to) => Promise.resolve(void files.set(to, files.get(from) ?? '')),
    flush: nothing,
    flushFolder: nothing,
  };
  const creations = await Creations.open(folder, pino({ enabled: false }));
  await creations.note('c3', []);
  t.strictSame(JSON.parse(files.get('creations.json') ?? ''), { ...left, c3: [] });
});

const skip = whyNoLibvirtd();
void t.test('on a real libvirtd', skip === undefined ? {} : { skip }, async (t) => {
  const host = await startRealHost();
  t.teardown(() => host.stop());
  writeFileSync(join(host.poolDirectory, 'base'), Buffer.alloc(4 * MIB, 7));
  giveAway(host.poolDirectory);
  const files = (): string[] => readdirSync(host.poolDirectory).sort();
  const names = async (): Promise<string[]> => (await host.lifecycle.list(never)).map((vm) => vm.name ?? '');

  await t.test('a VM is created, started, stopped and removed', (t) => life(t, host, files));

  await t.test('a clone holds the image and grows to the requested size', async (t) => {
    const disk = { ...cloneDisk, sizeBytes: 16 * MIB };
    const vm = await host.create({ spec: spec({ name: 'clone1', disks: [disk] }), start: false }, never);
    t.match(vm.disks, [{ device: 'vda', format: 'qcow2', pool: 'pool', capacityBytes: 16 * MIB }]);
    t.strictSame(await host.lifecycle.undefine({ vm: byName('clone1'), deleteVolumes: true }, never), {
      deletedVolumes: [`pool/clone1-${vm.uuid ?? ''}-vda.qcow2`],
      keptVolumes: [],
    });
    t.strictSame(files(), ['base']);
  });

  await t.test('an existing volume is used unchanged and kept, and no other VM may use it', async (t) => {
    const existing: DiskSpec = { pool: 'pool', existing: 'base', sizeBytes: 0 };
    await host.create({ spec: spec({ name: 'keeper', disks: [existing] }), start: false }, never);
    await t.rejects(host.create({ spec: spec({ name: 'thief', disks: [existing] }), start: false }, never), {
      code: 'FAILED_PRECONDITION',
      message: /disks\[0\]\.existing: .*base is a disk of VM keeper/,
    });
    t.strictSame(await host.lifecycle.undefine({ vm: byName('keeper'), deleteVolumes: true }, never), {
      deletedVolumes: [],
      keptVolumes: [{ volume: 'pool/base', reason: 'it was not made for this VM' }],
    });
    t.strictSame(files(), ['base']);
  });

  await t.test('a volume is found in use whichever way a definition refers to it', (t) => inUse(t, host));

  await t.test('an image may lie deeper in a pool or in a nested one', (t) => deeper(t, host));

  await t.test('of two creations with the same name one wins', async (t) => {
    // Like two agents on one libvirt: neither knows what the other is creating.
    const other = createCreator(host.context);
    const order = { spec: spec({ name: 'twin', disks: [newDisk, cloneDisk] }), start: true };
    const results = await Promise.allSettled([
      host.create(order, never),
      other(order, never),
      host.create(order, never),
    ]);
    const won = results.filter((result) => result.status === 'fulfilled');
    t.equal(won.length, 1);
    for (const result of results)
      if (result.status === 'rejected')
        t.match(result.reason, { code: 'ALREADY_EXISTS', message: /^name: VM twin/ });
    t.equal(files().length, 3, 'the loser has removed its volumes');
    await host.lifecycle.destroy(byName('twin'), never);
    await host.lifecycle.undefine({ vm: byName('twin'), deleteVolumes: true }, never);
    t.strictSame(files(), ['base']);
  });

  await t.test('bad input is refused by field and changes nothing', async (t) => {
    await host.create(
      { spec: spec({ name: 'taken', nics: [nic('52:54:00:aa:bb:cc')] }), start: false },
      never,
    );
    for (const [change, code, message] of REFUSED) {
      const asked = { spec: spec({ name: 'bad', disks: [newDisk], ...change }), start: true };
      await t.rejects(host.create(asked, never), { code, message }, String(message));
      t.strictSame(files(), ['base']);
      t.strictSame(await names(), ['taken']);
    }
    await host.lifecycle.undefine({ vm: byName('taken'), deleteVolumes: false }, never);
  });

  await t.test('a failure after volumes and definition removes both', async (t) => {
    // The bridge does not really exist: the definition is accepted, the start fails.
    const asked = spec({ name: 'fails', disks: [newDisk, cloneDisk], nics: [nic('')] });
    await t.rejects(host.create({ spec: asked, start: true }, never), { message: /create VM fails: / });
    t.strictSame(files(), ['base']);
    t.strictSame(await names(), []);
  });

  await t.test('a VM that is half created is removed when its client goes away', async (t) => {
    const gone = new AbortController();
    const leaving = createCreator({
      ...host.context,
      // The uuid is requested just before the first volume is made.
      newUuid: () => {
        setImmediate(() => {
          gone.abort(new Error('gone'));
        });
        return crypto.randomUUID();
      },
    });
    const asked = spec({ name: 'left', disks: [newDisk, cloneDisk] });
    await t.rejects(leaving({ spec: asked, start: true }, gone.signal), { message: 'gone' });
    t.strictSame(files(), ['base']);
    t.strictSame(await names(), []);
  });

  await t.test('what a killed agent was creating is removed at its next start', async (t) => {
    const asked = { spec: spec({ name: 'cut', disks: [newDisk, cloneDisk] }), start: false };
    await killedWhen(host, ({ kind, name }) => kind === 'volume' && name.includes('-vdb'), asked);
    t.equal(files().length, 2, 'the first volume is there');
    await (await Creations.open(host.state, host.context.logger)).takeBackLeft(host.context);
    t.strictSame(files(), ['base']);
    t.equal(await host.state.read('creations.json'), '{}', 'and the note is deleted');
  });

  await t.test('volumes of a VM whose definition was begun are left alone: it may exist', async (t) => {
    const asked = { spec: spec({ name: 'begun', disks: [newDisk] }), start: false };
    await killedWhen(host, ({ kind }) => kind === 'domain', asked);
    const before = files();
    t.equal(before.length, 2);
    await (await Creations.open(host.state, host.context.logger)).takeBackLeft(host.context);
    t.strictSame(files(), before);
    for (const name of before.filter((file) => file !== 'base')) rmSync(join(host.poolDirectory, name));
  });

  await t.test('a damaged note does not prevent the start, and nothing is deleted', async (t) => {
    const before = files();
    for (const text of ['{"a":[{"kind":"volume"', '{"a":[{"kind":"volume","name":"base"}]}', '[]']) {
      await host.state.write('creations.json', text);
      await (await Creations.open(host.state, host.context.logger)).takeBackLeft(host.context);
    }
    t.strictSame(files(), before);
  });
});

/** Carries out an order until something is noted, and then stops, as if the agent were killed. */
async function killedWhen(
  host: RealHost,
  isLast: (made: Made) => boolean,
  order: CreateVmRequest,
): Promise<void> {
  const creations = await Creations.open(host.state, host.context.logger);
  const note = creations.note.bind(creations);
  await new Promise<void>((resolve) => {
    creations.note = async (creation, made) => {
      await note(creation, made);
      const last = made.at(-1);
      if (last === undefined || !isLast(last)) return;
      resolve();
      await new Promise(() => undefined);
    };
    void createCreator({ ...host.context, creations })(order, never);
  });
}

async function life(t: Test, host: RealHost, files: () => string[]): Promise<void> {
  const metadata = {
    owner: 'Ann <ann@example.org>',
    purpose: 'shop & "tills" &#65;',
    expiresAtMs: 4_000_000_000_000,
    rules: { neverMove: true, downtimeMaxMs: 200, postCopy: false, controlPlane: false, placement: [] },
  };
  const asked = spec({ name: 'web1', disks: [newDisk], metadata });
  const made = await host.create({ spec: asked, start: true }, never);
  t.match(made, {
    name: 'web1',
    state: 'VM_STATE_RUNNING',
    persistent: true,
    vcpus: 1,
    memoryMaxBytes: 32 * MIB,
    metadata,
    migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED',
    machineType: /^pc-q35-/,
    osFamily: 'linux',
    firmware: 'bios',
    vncAddress: /^127\.0\.0\.1:59\d\d$/,
    disks: [{ device: 'vda', pool: 'pool', format: 'qcow2', capacityBytes: 8 * MIB, cdrom: false }],
  });
  t.equal(files().length, 2);
  const uuid = made.uuid ?? '';
  const { vm, xml } = await host.lifecycle.get({ vm: { uuid: uuid.toUpperCase() }, includeXml: true }, never);
  t.match(vm, { name: 'web1', libvirtId: made.libvirtId });
  t.match(xml, /<domain type='qemu' id='\d+'/);
  t.match(await host.lifecycle.list(never), [{ name: 'web1', state: 'VM_STATE_RUNNING' }]);

  await t.rejects(host.lifecycle.start(byName('web1'), never), {
    code: 'FAILED_PRECONDITION',
    message: /start VM web1/,
  });
  await t.rejects(host.lifecycle.undefine({ vm: byName('web1'), deleteVolumes: true }, never), {
    code: 'FAILED_PRECONDITION',
    message: /not off; shut it down or destroy it first/,
  });
  t.match(await host.lifecycle.shutdown(byName('web1'), never), { name: 'web1' });
  t.match(await host.lifecycle.destroy(byName('web1'), never), {
    state: 'VM_STATE_SHUT_OFF',
    libvirtId: -1,
    vncAddress: '',
  });
  await t.rejects(host.lifecycle.destroy(byName('web1'), never), { code: 'FAILED_PRECONDITION' });
  t.match(await host.lifecycle.start(byName('web1'), never), { state: 'VM_STATE_RUNNING' });
  await host.lifecycle.destroy(byName('web1'), never);
  const deleted = await host.lifecycle.undefine({ vm: byName('web1'), deleteVolumes: true }, never);
  t.strictSame(deleted, { deletedVolumes: [`pool/web1-${uuid}-vda.qcow2`], keptVolumes: [] });
  t.strictSame(files(), ['base']);

  await t.rejects(host.lifecycle.get({ vm: byName('web1'), includeXml: false }, never), {
    code: 'NOT_FOUND',
  });
  await t.rejects(host.lifecycle.get({ vm: { uuid: 'x' }, includeXml: false }, never), {
    code: 'INVALID_ARGUMENT',
    message: /vm\.uuid: "x" is not a UUID/,
  });
  await t.rejects(host.lifecycle.destroy(null, never), { code: 'INVALID_ARGUMENT' });
}

async function inUse(t: Test, host: RealHost): Promise<void> {
  const path = (name: string): string => join(host.poolDirectory, name);
  writeFileSync(path('data1'), Buffer.alloc(MIB));
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', path('base'), '-F', 'raw', path('top')]);
  symlinkSync(path('data1'), path('link'));
  giveAway(host.poolDirectory);
  const find = createFindVolumeUsers(host.access);
  const ask = async (volume: string, change: Partial<StorageUse> = {}): Promise<string[]> => {
    const use = { ...NO_USE, pool: 'pool', volume, writes: true, ...change };
    const here = await find({ uses: [use], here: true }, never);
    t.match(here.uses?.[0], { path: path(volume), identity: /^file / });
    // As another host with the same storage is asked.
    const there = await find(
      { uses: (here.uses ?? []).map((each) => ({ ...NO_USE, ...each })), here: false },
      never,
    );
    t.strictSame(there.users, here.users);
    return (here.users ?? []).map(({ vmName = '', device = '' }) => `${vmName} ${device}`);
  };
  const define = async (disk: string): Promise<void> => {
    const xml = tinyGuest('other', `<disk ${disk}<target dev='vda' bus='virtio'/></disk>`);
    const named = xml.replace('<name>', '<uuid>0b6c2f3e-52a4-4d0f-9d52-1f2f8c0a9b11</uuid><name>');
    await host.access.own((connection) => defineDomain(connection, named, 0, wait));
  };
  const create = (disk: Partial<DiskSpec>): Promise<unknown> =>
    host.create(
      { spec: spec({ name: 'thief', disks: [{ pool: 'pool', sizeBytes: 0, ...disk }] }), start: false },
      never,
    );
  t.strictSame(await ask('data1'), []);
  const raw = "device='disk'><driver name='qemu' type='raw'/>";
  for (const disk of [
    `type='volume' ${raw}<source pool='pool' volume='data1'/>`,
    `type='file' ${raw}<source file='${path('link')}'/>`,
    `type='file' ${raw}<source file='${path('data1')}'/><shareable/>`,
  ]) {
    await define(disk);
    t.strictSame(await ask('data1'), ['other vda'], disk);
    await t.rejects(create({ existing: 'data1' }), {
      code: 'FAILED_PRECONDITION',
      message: /disks\[0\]\.existing: .*data1 is a disk of VM other \(vda\)/,
    });
  }
  t.strictSame(await ask('data1', { shareable: true }), [], 'both say that it is shareable');
  await create({ existing: 'data1', shareable: true });
  await host.lifecycle.undefine({ vm: byName('thief'), deleteVolumes: true }, never);
  await t.rejects(create({ existing: 'top', shareable: true }), {
    message: /top is qcow2; only a raw volume/,
  });

  await define(`type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${path('top')}'/>`);
  t.strictSame(await ask('base'), ['other vda'], 'the file below an overlay is not written by others');
  t.strictSame(await ask('base', { writes: false }), [], 'but may be read by many');
  await define(`type='file' ${raw}<source file='${path('base')}'/>`);
  t.strictSame(await ask('top'), ['other vda'], 'nor is an overlay used while its base is written');
  await host.lifecycle.undefine({ vm: byName('other'), deleteVolumes: false }, never);
  t.strictSame(await ask('top'), []);
  for (const name of ['data1', 'top', 'link']) rmSync(path(name));
}

async function deeper(t: Test, host: RealHost): Promise<void> {
  const nested = join(host.poolDirectory, 'vms');
  mkdirSync(join(nested, 'iso'), { recursive: true });
  for (const file of ['iso/any.iso', 'new.iso']) writeFileSync(join(nested, file), 'x');
  giveAway(nested);
  const iso = async (path: string): Promise<unknown> => {
    const vm = await host.create({ spec: spec({ name: 'installer', iso: path }), start: false }, never);
    await host.lifecycle.undefine({ vm: byName('installer'), deleteVolumes: true }, never);
    return vm.disks?.map(({ source }) => source);
  };
  t.strictSame(
    await iso(join(nested, 'iso/any.iso')),
    [join(nested, 'iso/any.iso')],
    'two levels below a pool',
  );
  await t.rejects(iso(join(nested, 'none.iso')), { message: /iso: this host sees no file/ });
  const pool = await host.access.own((connection) => createPool(connection, poolXml('vms', nested), wait));
  writeFileSync(join(nested, 'later.iso'), 'x');
  giveAway(nested);
  const { kind } = await host.access.own((c) => lookForPath(c, join(nested, 'later.iso'), wait));
  t.equal(kind, 'volume', 'the innermost pool is refreshed, though the outer one is listed first');
  t.strictSame(await iso(join(nested, 'later.iso')), [join(nested, 'later.iso')]);
  await host.access.own((connection) => destroyPool(connection, pool, wait));
  rmSync(nested, { recursive: true });
}

function poolXml(name: string, path: string): string {
  return `<pool type='dir'><name>${name}</name><target><path>${path}</path></target></pool>`;
}

function nic(mac: string): VmSpec['nics'][number] {
  return { bridge: 'br-test', mac };
}

const REFUSED: readonly [change: Partial<VmSpec>, code: string, message: RegExp][] = [
  [{ name: '' }, 'INVALID_ARGUMENT', /^name: /],
  [{ name: 'a<b>' }, 'INVALID_ARGUMENT', /^name: must be/],
  [{ name: '../x' }, 'INVALID_ARGUMENT', /^name: must be/],
  [{ name: 'taken' }, 'ALREADY_EXISTS', /^name: VM taken exists on this host/],
  [{ vcpus: 0 }, 'INVALID_ARGUMENT', /^vcpus: must be at least 1/],
  [{ vcpus: 3 }, 'INVALID_ARGUMENT', /^vcpus: 3 is more than the 2 CPUs/],
  [{ memoryBytes: 0 }, 'INVALID_ARGUMENT', /^memory_bytes: must be at least/],
  [{ memoryBytes: 2 ** 40 }, 'INVALID_ARGUMENT', /^memory_bytes: 1\.0 TiB is more than the 4\.0 GiB/],
  [
    { disks: [{ ...newDisk, pool: 'none' }] },
    'INVALID_ARGUMENT',
    /^disks\[0\]\.pool: this host has no storage pool none/,
  ],
  [{ disks: [{ ...newDisk, newBytes: 0 }] }, 'INVALID_ARGUMENT', /^disks\[0\]\.new_bytes: must be from/],
  [
    { disks: [newDisk, { ...cloneDisk, cloneOf: 'none' }] },
    'INVALID_ARGUMENT',
    /^disks\[1\]\.clone_of: pool pool has no volume none/,
  ],
  [
    { disks: [{ ...cloneDisk, sizeBytes: MIB }] },
    'INVALID_ARGUMENT',
    /^disks\[0\]\.size_bytes: is smaller than the image/,
  ],
  [{ disks: [{ pool: 'pool', sizeBytes: 0 }] }, 'INVALID_ARGUMENT', /^disks\[0\]: needs one of/],
  [{ iso: 'relative.iso' }, 'INVALID_ARGUMENT', /^iso: must be an absolute path/],
  [{ iso: '/nowhere/x.iso' }, 'INVALID_ARGUMENT', /^iso: this host sees no file/],
  [{ iso: 'pool/none.iso' }, 'INVALID_ARGUMENT', /^iso: pool pool has no volume none\.iso/],
  [{ nics: [{ bridge: 'br9', mac: '' }] }, 'INVALID_ARGUMENT', /^nics\[0\]\.bridge: .* no bridge br9/],
  [
    { nics: [{ network: 'none', mac: '' }] },
    'INVALID_ARGUMENT',
    /^nics\[0\]\.network: this host has no virtual network none/,
  ],
  [
    { nics: [{ macvtap: 'none0', mac: '' }] },
    'INVALID_ARGUMENT',
    /^nics\[0\]\.macvtap: this host has no interface none0/,
  ],
  [
    { nics: [{ bridge: 'br-test', vlan: 42, mac: '' }] },
    'INVALID_ARGUMENT',
    /^nics\[0\]\.bridge: bridge br-test here does not filter by VLAN/,
  ],
  [
    { nics: [{ bridge: 'br-test', vlan: 4095, portgroup: 'g', mac: '' }] },
    'INVALID_ARGUMENT',
    /^nics\[0\]\.portgroup: is for a network only; nics\[0\]\.vlan: must be from 1 to 4094/,
  ],
  [{ nics: [{ mac: '' }] }, 'INVALID_ARGUMENT', /^nics\[0\]: needs one of bridge, network and macvtap/],
  [{ nics: [nic('52:54:00:1')] }, 'INVALID_ARGUMENT', /^nics\[0\]\.mac: must be six pairs/],
  [{ nics: [nic('53:54:00:00:00:01')] }, 'INVALID_ARGUMENT', /^nics\[0\]\.mac: is a multicast/],
  [
    { nics: [nic('52:54:00:00:00:01'), nic('52:54:00:00:00:01')] },
    'INVALID_ARGUMENT',
    /^nics\[1\]\.mac: .* is also that of nics\[0\]/,
  ],
  [{ nics: [nic('52:54:00:AA:bb:cc')] }, 'ALREADY_EXISTS', /^nics\[0\]\.mac: .* is that of VM taken/],
  [
    { metadata: { owner: 'a\u0000', purpose: '', expiresAtMs: 0, rules: null } },
    'INVALID_ARGUMENT',
    /^metadata\.owner: /,
  ],
  [
    { metadata: { owner: '', purpose: '', expiresAtMs: 1, rules: null } },
    'INVALID_ARGUMENT',
    /^metadata\.expires_at_ms: is in the past/,
  ],
  [{ vcpus: 0, memoryBytes: 0 }, 'INVALID_ARGUMENT', /^vcpus: .*; memory_bytes: /],
];
