// Cases of what belongs to a VM and must go with it.
import { fileDisk, type WorldCase } from '../world.ts';

export const belongingsCases: readonly WorldCase[] = [
  {
    id: '09',
    title: 'a VM starts with its new host as it did with the old one',
    isQuick: true,
    run: async (world) => {
      const disk = await world.image('kvm1', 'e2e-auto/vda.qcow2');
      const auto = await world.start('kvm1', 'auto', fileDisk(disk));
      await world.virsh('kvm1', 'autostart', auto);
      await world.moves(auto, 'kvm1', 'kvm2');
      const info = await world.virsh('kvm2', 'dominfo', auto);
      world.expect(/Autostart:\s+enable/.test(info), 'it has autostart on kvm2', info);
      const { stdout } = await world.cluster.evenkeel('vm', 'show', auto);
      world.expect(stdout.includes('starts with its host'), 'vm show says so', stdout);
    },
  },
];
