// Tests two schedulers on one NATS: whatever happens to the leader, the other takes over in time and finishes its migrations.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../../shared/clock.ts';
import type { ServiceCalls } from '../../../shared/grpc/service-calls.ts';
import { schedulerService } from '../../../shared/proto/load.ts';
import { freePort, skipWithout } from '../../services.ts';
import { fakeVm, uuidOf } from '../fake-vm.ts';
import { commandAnswer, dial, FakeCluster, migrationIn, migrationsOf, order } from '../harness.ts';
import { until } from '../../until.ts';

const skip = skipWithout('nats-server');
const TAKE_OVER_MAX_MS = 15_000;
// Starting compiles the sources, which took 15 s on a fully loaded machine.
const START_MAX_MS = 60_000;

interface Other {
  readonly client: ServiceCalls;
  readonly address: string;
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
}

/** Starts a second scheduler as a separate process, so that it can be killed. */
async function startOther(t: Test, natsUrl: string): Promise<Other> {
  const folder = await mkdtemp(join(tmpdir(), 'evenkeel-scheduler-'));
  const address = `127.0.0.1:${await freePort()}`;
  const configFile = join(folder, 'scheduler.yaml');
  const settings = {
    ...{ listen: { address }, nats: { servers: [natsUrl] }, tls: { mode: 'plaintext' } },
    ...{ leader: { name: 'other' }, influx: { url: 'http://127.0.0.1:1' } },
  };
  await writeFile(configFile, JSON.stringify(settings));
  const loader = '--import=@tapjs/typescript/import';
  const child: ChildProcess = spawn(process.execPath, [loader, 'scheduler/main.ts', '--config', configFile], {
    stdio: 'ignore',
  });
  const client = dial(Number(address.split(':')[1]));
  t.teardown(async () => {
    client.close();
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  await until('the other scheduler to serve', () => answers(client), START_MAX_MS);
  return { client, address, signal: (name) => void child.kill(name) };
}

function answers(client: ServiceCalls): Promise<true | undefined> {
  return client.unary(schedulerService.GetMode, 'get mode', {}, { timeoutMs: 1_000 }).then(
    () => true,
    () => undefined,
  );
}

async function untilLeading(what: string, client: ServiceCalls): Promise<void> {
  await until(
    `${what} to lead`,
    async () => ((await commandAnswer(client)).code === 'NOT_FOUND' ? true : undefined),
    2 * TAKE_OVER_MAX_MS,
  );
}

/** A cluster whose own scheduler stands by while another process leads. */
async function ledByOther(t: Test): Promise<{ cluster: FakeCluster; other: Other }> {
  const cluster = await FakeCluster.start(t, ['kvm1', 'kvm2', 'kvm3'], 'recommend');
  cluster.host('kvm1').add(fakeVm('web'));
  const other = await startOther(t, cluster.service.url);
  await untilLeading('the first', cluster.client);
  const refused = await commandAnswer(other.client);
  t.equal(refused.code, 'FAILED_PRECONDITION');
  t.match(refused.message, /is not the leader .* ask .* at 127\.0\.0\.1:\d+/, 'it names the one that leads');
  // An orderly stop gives the lease back: the other one need not wait for its end.
  await cluster.down();
  await untilLeading('the other', other.client);
  await cluster.up();
  cluster.catchUp();
  await cluster.warm(1);
  return { cluster, other };
}

void t.test(
  'when the leader is killed during a copy, the other takes over within 15 s',
  { skip },
  async (t) => {
    const { cluster, other } = await ledByOther(t);
    const kvm1 = cluster.host('kvm1');
    const copied = new AbortController();
    kvm1.copy = {
      ...kvm1.copy,
      whileCopying: async (_, signal) => {
        while (!copied.signal.aborted) await systemClock.sleep(20, signal);
      },
    };
    const request = { vm: 'web', targetHost: 'kvm2' };
    const stream = other.client.stream(schedulerService.Migrate, 'migrate', request, { timeoutMs: 120_000 });
    const watching = (async () => {
      for await (const { migration } of stream) if (migration === null) return;
    })().catch(() => undefined);
    const before = await migrationIn(cluster, 'MIGRATION_STATE_COPYING');
    t.equal(before.targetHostName, 'kvm2', 'the standby serves what the leader recorded');
    await t.rejects(order(cluster, { vm: 'web' }), { code: 'FAILED_PRECONDITION' });
    const killedAtMs = performance.now();
    other.signal('SIGKILL');
    await untilLeading('the one that is left', cluster.client);
    const tookMs = performance.now() - killedAtMs;
    t.ok(tookMs < TAKE_OVER_MAX_MS, `taken over after ${Math.round(tookMs)} ms`);
    await watching;
    const found = await until('the copy to be followed', async () => {
      const [newest] = await migrationsOf(cluster);
      return newest?.state === 'MIGRATION_STATE_COPYING' && newest.epoch > before.epoch ? newest : undefined;
    });
    t.equal(found.migrationId, before.migrationId);
    copied.abort();
    await migrationIn(cluster, 'MIGRATION_STATE_SUCCEEDED');
    t.notOk(kvm1.vms.has(uuidOf('web')));
    t.equal(cluster.host('kvm2').vms.get(uuidOf('web'))?.state, 'VM_STATE_RUNNING');
  },
);

void t.test('a leader that was stopped and wakes up again steps down', { skip }, async (t) => {
  const { cluster, other } = await ledByOther(t);
  other.signal('SIGSTOP');
  await untilLeading('the one that is left', cluster.client);
  other.signal('SIGCONT');
  await until('the other to know', async () =>
    (await commandAnswer(other.client)).code === 'FAILED_PRECONDITION' ? true : undefined,
  );
  cluster.catchUp();
  await cluster.warm(1);
  const { last } = await order(cluster, { vm: 'web', targetHost: 'kvm3' });
  t.equal(last.state, 'MIGRATION_STATE_SUCCEEDED');
});
