// Runs the command against the real scheduler on a real nats-server with fake hosts: both sides read the contract alike.
import t from 'tap';
import { fakeVm, type FakeVm } from '../scheduler/fake-vm.ts';
import { FakeCluster } from '../scheduler/harness.ts';
import { skipWithout } from '../services.ts';
import { runHere, type Outcome } from './command.ts';

function place(cluster: FakeCluster, hostName: string, ...vms: FakeVm[]): void {
  for (const vm of vms) cluster.host(hostName).vms.set(vm.uuid, vm);
}

void t.test(
  'an operator finds the hot host, moves a VM off it and sees why',
  {
    skip: skipWithout('nats-server'),
  },
  async (t) => {
    const cluster = await FakeCluster.start(t, ['kvm1', 'kvm2', 'kvm3'], 'recommend');
    place(cluster, 'kvm1', fakeVm('burn1', { demandCores: 1 }), fakeVm('burn2', { demandCores: 1 }));
    place(cluster, 'kvm1', fakeVm('pinned', { neverMove: true }));
    place(cluster, 'kvm2', fakeVm('quiet1'));
    await cluster.warm(4);
    const ask = (line: string): Promise<Outcome> =>
      runHere(line, {
        EVENKEEL_SCHEDULER: `127.0.0.1:${cluster.scheduler.port}`,
        EVENKEEL_TLS_MODE: 'plaintext',
      });
    const says = async (line: string, code: number, expected: RegExp): Promise<void> => {
      const outcome = await ask(line);
      t.equal(outcome.code, code, `${line}: ${outcome.stderr}`);
      t.match(outcome.stdout + outcome.stderr, expected, line);
    };

    await says('hosts', 0, /\nkvm1 +hot cpu +100% +2\d\d%[^]*\nkvm2 +ready[^]*3 hosts: 1 hot; 4 VMs running/);
    await says('vms --host kvm1', 0, /\nburn1 [^]*\npinned .* never moved\n$/);
    await says(
      'plan',
      0,
      /kvm1 has been hot since[^]*move +burn1 from kvm1 to kvm\d[^]*approve +evenkeel approve burn1/,
    );
    await says('explain pinned', 0, /pinned[^]*\(never_move\)/);
    await says('vm show quiet1', 0, /^name +quiet1\n/);
    await says('vms --host nowhere', 3, /no host "nowhere".*kvm1, kvm2, kvm3/);
    await says('explain nobody', 3, /no VM "nobody".*burn1/);
    await says('migrate burn1 --to kvm1', 2, /already runs on kvm1/);
    await says('abort m-nothing', 3, /^evenkeel: abort migration: no migration "m-nothing"/);
    await says('vm create burn1 --vcpus 1 --memory 1G', 4, /a VM "burn1" runs on kvm1/);
    await says(
      'vm create big --vcpus 99 --memory 1G',
      4,
      /^evenkeel: create VM big: no host has room: kvm1: /,
    );
    await says(
      'migrate burn1 --to kvm3',
      0,
      /burn1 moved from kvm1 to kvm3 in .*; the guest paused for \d+ ms/,
    );
    await says('migrations', 0, /burn1 +kvm1 → kvm3 +succeeded/);
    await says('mode auto', 0, /^auto: /);
    await says('mode', 0, /^auto: /);
    const migrations: unknown = JSON.parse((await ask('migrations --json')).stdout);
    t.match(migrations, [{ vmName: 'burn1', state: 'succeeded', targetHostName: 'kvm3' }]);
  },
);
