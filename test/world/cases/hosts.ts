// Cases of hosts and devices that are not what their names say.
import { runCommand } from '../../../lab/command.ts';
import { labHost } from '../../../lab/topology.ts';
import { until } from '../../e2e/cluster.ts';
import type { World, WorldCase } from '../world.ts';

/** Apart from the guests of the other tests. */
const cappedGuest = 174;

export const hostCases: readonly WorldCase[] = [
  {
    id: '06',
    title: 'a VM at its cap wants no more than the cap, and its host is not hot',
    isQuick: false,
    run: async (world) => {
      const guest = await world.cluster.create(cappedGuest, 'kvm1');
      (await guest.watch()).close();
      if (!(await cap(world, guest.name))) return;
      await guest.tell('burn 1');
      const seen = await until(
        'the cap is sampled, and the guest sits at it',
        60_000,
        async () => (await world.cluster.vms()).find(({ sample }) => sample?.name === guest.name)?.sample,
        (sample) => sample?.cpuLimitCores === 0.05 && (sample.cpuDemandCores ?? 0) > 0.04,
      );
      world.expect((seen?.cpuDemandCores ?? 1) < 0.3, 'it wants little', seen);
      await world.cluster.isCalm('kvm1');
      const { stdout } = await world.cluster.evenkeel('vms');
      world.expect(/\bCAP\b/.test(stdout) && /\b5%|\b5 %/.test(stdout), 'vms shows the cap', stdout);
    },
  },
  {
    id: '08',
    title: 'two hosts with one UUID are both named, and neither is used',
    isQuick: false,
    run: async (world) => {
      await withUuid(world, labHost('kvm1').uuid);
      world.after(async () => {
        await withUuid(world, labHost('kvm2').uuid);
        await world.cluster.hostsAreReady();
      });
      // The former entry of kvm2 goes once it has fallen silent.
      await until(
        'both hosts are named, and neither is ready',
        60_000,
        () => world.cluster.hosts(),
        (hosts) =>
          hosts.filter(({ warning }) => /same host id/.test(warning)).length === 2 &&
          hosts.every(({ hostName, state }) => hostName === 'kvm3' || state !== 'HOST_STATE_READY'),
      );
      const { stdout } = await world.cluster.evenkeel('hosts');
      world.expect(
        /host_uuid in libvirtd\.conf/.test(stdout.replace(/\s+/g, ' ')),
        'hosts shows the cure',
        stdout,
      );
    },
  },
  {
    id: '21',
    title: 'two NICs of one MAC are two series',
    isQuick: true,
    run: async (world) => {
      const nic =
        "<interface type='bridge'><mac address='52:54:00:00:77:01'/><source bridge='br0'/><model type='virtio'/></interface>";
      const twins = await world.start('kvm1', 'twins', nic + nic);
      const devices = await until(
        'both NICs are sampled',
        30_000,
        async () =>
          (await world.cluster.vms())
            .filter(({ sample }) => sample?.name === twins)
            .flatMap(({ sample }) => sample?.nics.map(({ device }) => device) ?? []),
        (found) => found.length === 2,
      );
      world.expect(new Set(devices).size === 2, 'each has a name of its own', devices);
      world.expect(
        devices.every((device) => device.startsWith('52:54:00:00:77:01')),
        'that begins with its MAC',
        devices,
      );
    },
  },
];

/** Limits each vCPU to a twentieth of a core, in groups like those that libvirt makes; false where that cannot be done here. */
async function cap(world: World, name: string): Promise<boolean> {
  const script = `
    pid=$(pgrep -f 'guest=${name},' | head -1)
    for task in /proc/$pid/task/*; do
      grep -q '^CPU ' $task/comm || continue
      path=$(sed -n 's/^[0-9]*:cpu:/cpu/p; s/^[0-9]*:cpu,cpuacct:/cpu,cpuacct/p' $task/cgroup)
      [ -n "$path" ] || { echo none; exit 0; }
      group=/sys/fs/cgroup/$path/e2e-cap
      mkdir -p $group
      echo 100000 >$group/cpu.cfs_period_us
      echo 5000 >$group/cpu.cfs_quota_us
      basename $task >$group/tasks
      echo $group
    done`;
  const groups = (await runCommand(['bash', '-e', '-c', script], { timeoutMs: 30_000 })).trim().split('\n');
  if (groups.includes('none')) {
    world.say('  not tried: the cpu controller of this machine has no hierarchy of its own');
    return false;
  }
  for (const group of groups) world.after(() => runCommand(['rmdir', group], { timeoutMs: 30_000 }));
  return true;
}

/** Gives kvm2 a host UUID, as its board would. */
async function withUuid(world: World, uuid: string): Promise<void> {
  const script = `sed -i 's/^host_uuid = .*/host_uuid = "${uuid}"/' /etc/libvirt/libvirtd.conf; systemctl restart libvirtd evenkeel-agent`;
  await world.on('kvm2', script);
}
