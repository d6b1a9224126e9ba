// The whole agent over mutual TLS on a real libvirtd: who may talk, what crosses the wire, and outages of its neighbours.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { stringify } from 'yaml';
import { startAgent } from '../../agent/agent.ts';
import { agentSchema } from '../../agent/config.ts';
import { createAskSource } from '../../agent/migration/target/source-agent.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Daemon } from '../../shared/daemon.ts';
import type {
  CreateVmResponse,
  GetHostResponse,
  ListVmsResponse,
  UndefineVmResponse,
} from '../../shared/gen/agent.ts';
import { streamed, unary } from '../../shared/grpc/client.ts';
import { channelCredentials, ownCertificateSha256 } from '../../shared/grpc/credentials.ts';
import { hostReportCodec, AgentServiceClient } from '../../shared/proto/load.ts';
import { connectNats, ensureStreams, samplesSubject } from '../../shared/nats.ts';
import { loadSettings, type TlsSettings } from '../../shared/settings.ts';
import { MIB, SECOND_MS } from '../../shared/units.ts';
import { createAuthority } from '../certificates.ts';
import { whyNoLibvirtd } from './libvirt/private-libvirtd.ts';
import { freePort, skipWithout, startNats } from '../services.ts';
import { spec, startRealHost, type RealHost } from './vm/real-host.ts';

const skip = whyNoLibvirtd() ?? skipWithout('nats-server');
const wait = { timeoutMs: 30_000 };
type Client = InstanceType<typeof AgentServiceClient>;

interface Running {
  readonly address: string;
  readonly daemon: Daemon;
  readonly host: RealHost;
  dial(tls: TlsSettings, sha256?: string): Client;
}

async function start(t: Test, host: RealHost, tls: TlsSettings, natsUrl: string): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-agent-'));
  const address = `127.0.0.1:${await freePort()}`;
  const socket = host.daemon.target.kind === 'unix' ? host.daemon.target.path : '';
  const file = join(folder, 'agent.yaml');
  const content = {
    listen: { address },
    tls,
    nats: { servers: [natsUrl] },
    sampling: { intervalS: 1 },
    libvirt: { uri: 'qemu:///session', socket },
    hypervisor: { type: 'qemu' },
    stateDirectory: join(folder, 'state'),
  };
  writeFileSync(file, stringify(content));
  const stopped = new AbortController();
  const logger = pino({ level: process.env['EVENKEEL_LOG_LEVEL'] ?? 'silent' });
  const settings = loadSettings(agentSchema, file, {});
  const daemon = await startAgent(settings, {
    ...{ logger, clock: systemClock, random: Math.random, signal: stopped.signal },
  });
  t.teardown(async () => {
    stopped.abort(new Error('test over'));
    await daemon.stop();
    rmSync(folder, { recursive: true });
  });
  const dial = (ofTls: TlsSettings, sha256?: string): Client => {
    const client = new AgentServiceClient(address, channelCredentials(ofTls, address, sha256));
    t.teardown(() => {
      client.close();
    });
    return client;
  };
  return { address, daemon, host, dial };
}

/** Asks until it is answered: the agent is up before it knows what host it is. */
async function hostOf(
  client: Client,
): Promise<{ hostId: string; agentAddress: string; certificateSha256: string }> {
  const giveUpAtMs = performance.now() + wait.timeoutMs;
  for (;;)
    try {
      const { hostId, facts }: GetHostResponse = await unary('host', client.getHost.bind(client), {}, wait);
      return {
        hostId,
        agentAddress: facts?.agentAddress ?? '',
        certificateSha256: facts?.certificateSha256 ?? '',
      };
    } catch (error) {
      if (!String(error).includes('has not told yet') || performance.now() > giveUpAtMs) throw error;
      await systemClock.sleep(100);
    }
}

void t.test('an agent on a real host', { skip }, async (t) => {
  const authority = createAuthority();
  const stranger = createAuthority();
  const tls = authority.issue('kvm1');
  const nats = await startNats();
  t.teardown(() => nats.stop());
  await nats.stop();
  const host = await startRealHost();
  t.teardown(() => host.stop());
  // NATS is away: the agent comes up all the same.
  const agent = await start(t, host, tls, nats.url);
  const client = agent.dial(authority.issue('scheduler'), ownCertificateSha256(tls));

  await t.test('says what host it is, with the certificate that it shows', async (t) => {
    const facts = await hostOf(client);
    t.match(facts, { hostId: /^[0-9a-f-]{36}$/, agentAddress: agent.address });
    t.equal(facts.certificateSha256, ownCertificateSha256(tls));
    t.ok(agent.daemon.isHealthy());
  });

  await t.test('talks to nobody without a certificate of its authority', async (t) => {
    const other = agent.dial({ ...stranger.issue('evil'), caFile: authority.caFile });
    await t.rejects(unary('list', other.listVms.bind(other), {}, wait), { code: 'UNAVAILABLE' });
  });

  await t.test('carries out commands and says why it does not', async (t) => {
    const disks = [{ pool: 'pool', newBytes: 8 * MIB }];
    const request = { spec: { ...spec({ name: 'remote' }), disks }, start: true };
    const { vm }: CreateVmResponse = await unary('create', client.createVm.bind(client), request, wait);
    t.match(vm, {
      name: 'remote',
      state: 'VM_STATE_RUNNING',
      disks: [{ device: 'vda', capacityBytes: 8 * MIB }],
    });
    await t.rejects(unary('create', client.createVm.bind(client), request, wait), {
      code: 'ALREADY_EXISTS',
      message: /^create: name: VM remote exists/,
    });
    const bad = { spec: { ...spec({ name: 'x/y', memoryBytes: 0 }) } };
    await t.rejects(unary('create', client.createVm.bind(client), bad, wait), {
      code: 'INVALID_ARGUMENT',
      message: /name: .*; memory_bytes: /,
    });
    await t.rejects(unary('create', client.createVm.bind(client), {}, wait), {
      code: 'INVALID_ARGUMENT',
      message: /spec: is missing/,
    });
    await t.rejects(unary('start', client.startVm.bind(client), { vm: { name: 'none' } }, wait), {
      code: 'NOT_FOUND',
    });
    const migration = streamed('migrate', client.migrate({ migrationId: 'm' }));
    await t.rejects(migration.next(), { code: 'INVALID_ARGUMENT', message: /epoch: must be above 0/ });
    await t.rejects(unary('check', client.checkTarget.bind(client), { xml: '<' }, wait), {
      code: 'INVALID_ARGUMENT',
      message: /xml: /,
    });
    await t.rejects(unary('abort', client.abortMigration.bind(client), { migrationId: 'm' }, wait), {
      code: 'INVALID_ARGUMENT',
    });
  });

  await t.test('lists a VM whose monitor hangs, from the first moment on', async (t) => {
    const pid = host.daemon.qemuPid('remote');
    process.kill(pid, 'SIGSTOP');
    try {
      const untilMs = performance.now() + 4 * SECOND_MS;
      while (performance.now() < untilMs) {
        const { vms }: ListVmsResponse = await unary('list', client.listVms.bind(client), {}, wait);
        t.match(vms, [{ name: 'remote', state: 'VM_STATE_RUNNING' }]);
        await systemClock.sleep(200);
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  await t.test('guards, shows and forgets a migration', async (t) => {
    const { vms }: ListVmsResponse = await unary('list', client.listVms.bind(client), {}, wait);
    const vmUuid = vms[0]?.uuid ?? '';
    const asked = { migrationId: 'm1', epoch: 1, vmUuid };
    const observed = unary('observe', client.observeVm.bind(client), asked, wait);
    t.match(await observed, { vm: { name: 'remote' }, migrationId: '' });
    const guard = unary('guard', client.guardMigration.bind(client), asked, wait);
    await t.rejects(guard, { code: 'FAILED_PRECONDITION', message: /active here/ });
    const other = { ...asked, vmUuid: crypto.randomUUID() };
    t.match(await unary('guard', client.guardMigration.bind(client), other, wait), { definedBefore: false });
    t.match(await unary('observe', client.observeVm.bind(client), other, wait), { migrationId: 'm1' });
    const act = { ...asked, act: 'SETTLE_ACT_DESTROY', expectedState: 'VM_STATE_RUNNING' } as const;
    await t.rejects(unary('settle', client.settleVm.bind(client), act, wait), {
      code: 'FAILED_PRECONDITION',
      message: /it is VM_STATE_RUNNING \(reason 1, id \d+\) now/,
    });
    await unary('end', client.endMigration.bind(client), other, wait);
    await t.rejects(unary('end', client.endMigration.bind(client), { ...other, migrationId: '' }, wait), {
      code: 'INVALID_ARGUMENT',
    });
  });

  await t.test('is asked by the agent of another host, which knows it by certificate and id', async (t) => {
    const { hostId: sourceHostId, agentAddress: sourceAgentAddress } = await hostOf(client);
    const { vms }: ListVmsResponse = await unary('list', client.listVms.bind(client), {}, wait);
    const ask = createAskSource(authority.issue('kvm2'));
    const source = {
      sourceHostId,
      sourceAgentAddress,
      sourceCertificateSha256: ownCertificateSha256(tls),
    };
    t.match(await ask(source, vms[0]?.uuid ?? '', wait), { name: 'remote', state: 'VM_STATE_RUNNING' });
    t.equal(await ask(source, crypto.randomUUID(), wait), undefined, "by its libvirt's own word");
    const nobody = crypto.randomUUID();
    const wrong = [
      { ...source, sourceHostId: nobody },
      { ...source, sourceCertificateSha256: ownCertificateSha256(authority.issue('kvm3')) },
      { ...source, sourceAgentAddress: `127.0.0.1:${await freePort()}` },
      { ...source, sourceAgentAddress: '' },
    ];
    for (const other of wrong)
      await t.rejects(ask(other, nobody, { timeoutMs: 5_000 }), { code: 'UNAVAILABLE' });
  });

  await t.test('reports to NATS as soon as that is there', async (t) => {
    await nats.start();
    const connection = await connectNats(
      { servers: [nats.url], credentialsFile: '', caFile: '' },
      'test',
      5_000,
    );
    t.teardown(() => connection.close());
    const { hostId } = await hostOf(client);
    const subscription = connection.subscribe(samplesSubject(hostId), { max: 1 });
    await ensureStreams(await connection.jetstreamManager(), { samplesMaxBytes: MIB, eventsMaxBytes: MIB });
    for await (const { data } of subscription)
      t.match(hostReportCodec.decode(data), {
        hostId,
        facts: { agentAddress: agent.address },
        intervalMs: 1_000,
      });
  });

  await t.test('outlives its libvirtd', async (t) => {
    await host.daemon.kill();
    await t.rejects(unary('list', client.listVms.bind(client), {}, wait), {
      code: 'UNAVAILABLE',
      message: /check that libvirtd runs|libvirtd running/,
    });
    await host.daemon.start();
    const { vms }: ListVmsResponse = await unary('list', client.listVms.bind(client), {}, wait);
    t.match(vms, [{ name: 'remote', state: 'VM_STATE_RUNNING' }]);
    t.ok(agent.daemon.isHealthy());
    await unary('destroy', client.destroyVm.bind(client), { vm: { name: 'remote' } }, wait);
    const undefine = { vm: { name: 'remote' }, deleteVolumes: true };
    const { deletedVolumes }: UndefineVmResponse = await unary(
      'undefine',
      client.undefineVm.bind(client),
      undefine,
      wait,
    );
    t.match(deletedVolumes, [/^pool\/remote-.*-vda\.qcow2$/]);
  });
});
