// Cases of VMs that cannot leave their host: named before anything moves, refused as a whole, never tried without end.
import type { HostName } from '../../../lab/topology.ts';
import { until } from '../../e2e/cluster.ts';
import { fileDisk, type World, type WorldCase } from '../world.ts';

const ADDRESS: Readonly<Record<HostName, string>> = {
  kvm1: '10.77.0.11',
  kvm2: '10.77.0.12',
  kvm3: '10.77.0.13',
};

export const obstacleCases: readonly WorldCase[] = [
  {
    id: '02',
    title: 'a VM with a snapshot keeps nobody else on a host that is emptied',
    isQuick: true,
    run: async (world) => {
      const disk = await world.image('kvm1', 'e2e-snap/vda.qcow2');
      const snap = await world.start('kvm1', 'snap', fileDisk(disk));
      const small = await world.start('kvm1', 'small', '');
      await world.virsh('kvm1', 'snapshot-create-as', snap, 's1', '--disk-only', '--atomic');
      await world.isRefused(snap, 'kvm1', 'kvm2', /keeps a snapshot.*snapshot-list/);
      await isShown(world, snap, /keeps a snapshot/);
      await othersLeave(world, [snap], [small]);
      await world.virsh('kvm1', 'snapshot-delete', snap, 's1', '--metadata');
      await world.moves(snap, 'kvm1', 'kvm2');
    },
  },
  {
    id: '05',
    title: 'of a host that is emptied, each VM that cannot leave is named, and the others leave',
    isQuick: false,
    run: async (world) => {
      const stuck: string[] = [];
      for (const [name, devices] of STUCK) stuck.push(await world.start('kvm1', name, devices));
      const free = [await world.start('kvm1', 'free1', ''), await world.start('kvm1', 'free2', '')];
      await othersLeave(world, stuck, free);
    },
  },
  {
    id: '17',
    title: "a console that listens on the host's own address is named",
    isQuick: true,
    run: async (world) => {
      const listens = (at: string): string =>
        `<graphics type='vnc' port='-1' autoport='yes' listen='${at}'><listen type='address' address='${at}'/></graphics>`;
      const vnc = await world.start('kvm1', 'vnc', listens(ADDRESS.kvm1));
      await world.isRefused(vnc, 'kvm1', 'kvm2', /listens on 10\.77\.0\.11.*0\.0\.0\.0/);
      await world.moves(await world.start('kvm1', 'vnc-any', listens('0.0.0.0')), 'kvm1', 'kvm2');
    },
  },
  {
    id: '25',
    title: 'a CD image that only the source has is to be ejected, unless the drive may be empty',
    isQuick: true,
    run: async (world) => {
      const iso = '/var/lib/e2e-iso/x.iso';
      await world.on('kvm1', `mkdir -p /var/lib/e2e-iso; truncate -s 1M ${iso}`);
      world.after(() => world.on('kvm1', 'rm -rf /var/lib/e2e-iso'));
      const drive = (source: string): string =>
        `<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>${source}<target dev='sdb' bus='sata'/><readonly/></disk>`;
      const held = await world.start('kvm1', 'cd', drive(`<source file='${iso}'/>`));
      await world.isRefused(
        held,
        'kvm1',
        'kvm2',
        /disk_not_visible.*eject it: "virsh change-media e2e-cd sdb --eject"/,
      );
      const optional = await world.start(
        'kvm1',
        'cd-opt',
        drive(`<source file='${iso}' startupPolicy='optional'/>`),
      );
      await world.moves(optional, 'kvm1', 'kvm2');
      await world.moves(await world.start('kvm1', 'cd-empty', drive('')), 'kvm1', 'kvm2');
      await world.virsh('kvm1', 'change-media', held, 'sdb', '--eject', '--live', '--force');
      await world.moves(held, 'kvm1', 'kvm2');
    },
  },
];

/** One of each kind, by the name of its VM. */
const STUCK: readonly (readonly [name: string, devices: string])[] = [
  ['shmem', "<shmem name='e2e'><model type='ivshmem-plain'/><size unit='M'>1</size></shmem>"],
  ['p9', "<filesystem type='mount' accessmode='mapped'><source dir='/srv'/><target dir='srv'/></filesystem>"],
  [
    'vnc1',
    "<graphics type='vnc' port='-1' autoport='yes' listen='10.77.0.11'><listen type='address' address='10.77.0.11'/></graphics>",
  ],
  [
    'tty',
    "<serial type='tcp'><source mode='bind' host='10.77.0.11' service='4555'/><protocol type='raw'/></serial>",
  ],
];

async function isShown(world: World, name: string, words: RegExp): Promise<void> {
  for (const command of [
    ['vm', 'show', name],
    ['explain', name],
  ]) {
    const { stdout, stderr } = await world.cluster.evenkeel(...command);
    const text = (stdout + stderr).replace(/\s+/g, ' ');
    world.expect(words.test(text), `evenkeel ${command.join(' ')} shows ${words.source}`, text);
  }
}

/** Empties kvm1: names those that are stuck beforehand, moves the others, and tries nobody again and again. */
async function othersLeave(world: World, stuck: readonly string[], others: readonly string[]): Promise<void> {
  const { cluster } = world;
  const sinceMs = Date.now();
  const { impossible } = await world.empty('kvm1');
  const named = impossible.map(({ vmName }) => vmName);
  for (const vm of stuck)
    world.expect(named.includes(vm), `${vm} is named before anything moves`, impossible);
  for (const vm of others)
    world.expect(!named.includes(vm), `${vm} is not among those that cannot leave`, impossible);
  const left = await until(
    'the others have left kvm1',
    120_000,
    () => world.maintenance(),
    ([kvm1]) => kvm1?.vmsLeft === stuck.length && kvm1.vmsMoving === 0,
  );
  world.expect(
    left[0]?.impossible.length === stuck.length,
    'those that are left are listed with a reason',
    left,
  );
  const ofStuck = (await cluster.migrations()).filter(
    ({ vmName, queuedAtMs }) => stuck.includes(vmName) && queuedAtMs >= sinceMs,
  );
  world.expect(ofStuck.length === 0, 'no move of a VM that cannot leave is tried', ofStuck.length);
  await cluster.evenkeel('maintenance', 'exit', 'kvm1');
}
