// Tests the whole scheduler: real NATS, real gRPC, fake hosts.
import t from 'tap';
import { skipWithout } from '../services.ts';
import { fakeVm } from './fake-vm.ts';
import { FakeCluster, hostsOf, migrationsOf } from './harness.ts';
import { until } from '../until.ts';

const skip = skipWithout('nats-server');

void t.test('hosts join with their first report and an overload is moved away', { skip }, async (t) => {
  const cluster = await FakeCluster.start(t, ['kvm1', 'kvm2', 'kvm3'], 'auto');
  const [kvm1, kvm2] = [cluster.host('kvm1'), cluster.host('kvm2')];
  const a = kvm1.add(fakeVm('a'));
  const b = kvm1.add(fakeVm('b'));
  await cluster.tick(6);
  const hosts = await until('three hosts', async () => {
    const list = await hostsOf(cluster);
    return list.length === 3 && list[0]?.vmsRunning === 2 ? list : undefined;
  });
  t.strictSame(
    hosts.map(({ hostName, state }) => [hostName, state]),
    [
      ['kvm1', 'HOST_STATE_READY'],
      ['kvm2', 'HOST_STATE_READY'],
      ['kvm3', 'HOST_STATE_READY'],
    ],
  );
  a.demandCores = 1;
  b.demandCores = 1;
  await cluster.tick(3);
  const moved = await until('a migration to end', async () => {
    const [migration] = await migrationsOf(cluster);
    return migration !== undefined && migration.endedAtMs > 0 ? migration : undefined;
  });
  t.match(moved, {
    state: 'MIGRATION_STATE_SUCCEEDED',
    sourceHostName: 'kvm1',
    causeCode: 'MIGRATION_CAUSE_UNSPECIFIED',
  });
  t.equal(kvm1.vms.size, 1);
  t.equal(kvm2.vms.size + cluster.host('kvm3').vms.size, 1);
});
