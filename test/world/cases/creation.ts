// Cases of making and removing VMs beside those of others.
import { readdir } from 'node:fs/promises';
import { poolFolder } from '../../../lab/paths.ts';
import { pool } from '../../../lab/topology.ts';
import { guestName } from '../../e2e/cluster.ts';
import type { World, WorldCase } from '../world.ts';

/** Apart from the guests of the other tests. */
const numbers = { first: 170, second: 171, layered: 172, fresh: 173 } as const;

export const creationCases: readonly WorldCase[] = [
  {
    id: '13b',
    title: 'a pool made a moment ago is there',
    isQuick: true,
    run: async (world) => {
      await world.on('kvm1', 'mkdir -p /var/lib/e2e-fresh');
      await world.virsh('kvm1', 'pool-create-as', 'e2e-fresh', 'dir', '--target', '/var/lib/e2e-fresh');
      world.after(() => world.on('kvm1', 'virsh pool-destroy e2e-fresh; rm -rf /var/lib/e2e-fresh'));
      const made = await create(world, numbers.fresh, 'kvm1', 'pool=e2e-fresh,size=16M');
      world.expect(made.status === 0, 'a VM is made in it at once', made.stdout + made.stderr);
    },
  },
  {
    id: '16',
    title: 'a volume that a VM of another host has is not given away',
    isQuick: true,
    run: async (world) => {
      const data = `pool=${pool.name},volume=e2e-data`;
      await world.virsh('kvm1', 'vol-create-as', pool.name, 'e2e-data', '16M', '--format', 'raw');
      // It goes with the VMs, unless none got it.
      world.after(() => world.on('kvm1', `rm -f ${pool.path}/e2e-data`));
      const first = await create(world, numbers.first, 'kvm1', data);
      world.expect(first.status === 0, 'the first VM gets it', first.stdout + first.stderr);
      const second = await create(world, numbers.second, 'kvm2', data);
      const text = second.stdout + second.stderr;
      world.expect(second.status === 4, 'the second is refused', text);
      world.expect(
        text.includes(guestName(numbers.first)) && text.includes('kvm1'),
        'by name of the VM and its host',
        text,
      );
      world.expect(/volume=/.test(text), 'in the words of the command', text);
    },
  },
  {
    id: '26',
    title: 'removal takes the base of a disk that a snapshot left behind',
    isQuick: true,
    run: async (world) => {
      const { name } = await world.cluster.create(numbers.layered, 'kvm1');
      await world.isSampledOn('kvm1', name);
      await world.virsh('kvm1', 'snapshot-create-as', name, 's1', '--disk-only', '--atomic');
      await world.virsh('kvm1', 'snapshot-delete', name, 's1', '--metadata');
      await world.cluster.run('vm', 'destroy', name);
      const removed = await world.cluster.evenkeel('vm', 'undefine', name, '--delete-volumes', '--yes');
      world.expect(removed.status === 0, 'it is removed', removed.stdout + removed.stderr);
      const left = (await readdir(poolFolder)).filter((file) => file.startsWith(`${name}-`));
      world.expect(left.length === 0, 'and nothing of it is left', left);
    },
  },
];

function create(world: World, number: number, host: string, disk: string): ReturnType<World['migrate']> {
  const size = ['--vcpus', '1', '--memory', '64M', '--headless', '--no-start'];
  return world.cluster.evenkeel('vm', 'create', guestName(number), ...size, '--host', host, '--disk', disk);
}
