// Cases of storage that is not what its path says, or more than it says.
import { runCommand } from '../../../lab/command.ts';
import { fileDisk, type World, type WorldCase } from '../world.ts';

const wait = { timeoutMs: 30_000 };

export const storageCases: readonly WorldCase[] = [
  {
    id: '01',
    title: 'a block device of the same name on both hosts is not taken for the same device',
    isQuick: false,
    run: async (world) => {
      const [here, there] = [await loopDevice(world, 'AAAA'), await loopDevice(world, 'BBBB')];
      await world.on('kvm1', `mknod /dev/e2e-blk b 7 ${here}`);
      await world.on('kvm2', `mknod /dev/e2e-blk b 7 ${there}`);
      world.after(() => world.on('kvm1', 'rm -f /dev/e2e-blk'));
      world.after(() => world.on('kvm2', 'rm -f /dev/e2e-blk'));
      const disk =
        "<disk type='block' device='disk'><driver name='qemu' type='raw' cache='none'/><source dev='/dev/e2e-blk'/><target dev='vda' bus='virtio'/></disk>";
      const blk = await world.start('kvm1', 'blk', disk);
      await world.isRefused(
        blk,
        'kvm1',
        'kvm2',
        /storage_unsafe.*nothing proves that this is the same device/,
      );
    },
  },
  {
    id: '10',
    title: 'a disk in a subfolder of a pool, or in a pool inside another, moves',
    isQuick: true,
    run: async (world) => {
      const deep = await world.start(
        'kvm1',
        'deep',
        fileDisk(await world.image('kvm1', 'e2e-deep/a/vda.qcow2')),
      );
      await world.moves(deep, 'kvm1', 'kvm2');
      const path = await world.image('kvm1', 'e2e-nested/vda.qcow2');
      for (const host of ['kvm1', 'kvm2'] as const) {
        const folder = path.replace(/\/[^/]*$/, '');
        await world.virsh(host, 'pool-create-as', 'e2e-nested', 'dir', '--target', folder);
        world.after(() => world.virsh(host, 'pool-destroy', 'e2e-nested'));
      }
      await world.moves(await world.start('kvm1', 'nested', fileDisk(path)), 'kvm1', 'kvm2');
    },
  },
  {
    id: '10b',
    title: 'a file of the same path on each host is not taken for the same file',
    isQuick: true,
    run: async (world) => {
      for (const host of ['kvm1', 'kvm2'] as const) {
        await world.on(
          host,
          'mkdir -p /var/lib/e2e-own; qemu-img create -q -f qcow2 /var/lib/e2e-own/vda.qcow2 16M',
        );
        world.after(() => world.on(host, 'rm -rf /var/lib/e2e-own'));
      }
      const own = await world.start('kvm1', 'own', fileDisk('/var/lib/e2e-own/vda.qcow2'));
      await world.isRefused(own, 'kvm1', 'kvm2', /storage_unsafe.*is other storage here/);
    },
  },
];

/** A loop device of the machine with a file of its own; its minor number. */
async function loopDevice(world: World, text: string): Promise<number> {
  const path = (await runCommand(['mktemp', '/var/tmp/e2e-loop-XXXXXX'], wait)).trim();
  world.after(() => runCommand(['rm', '-f', path], wait));
  await runCommand(['bash', '-c', `printf ${text} >${path} && truncate -s 16M ${path}`], wait);
  const device = (await runCommand(['losetup', '--find', '--show', path], wait)).trim();
  world.after(() => runCommand(['losetup', '--detach', device], wait));
  return Number(/\d+$/.exec(device)?.[0]);
}
