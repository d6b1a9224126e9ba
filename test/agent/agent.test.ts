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
import { Connection } from '../../shared/grpc/client.ts';
import { channelCredentials, ownCertificateSha256 } from '../../shared/grpc/credentials.ts';
import type { ServiceCalls } from '../../shared/grpc/service-calls.ts';
import { agentService, hostReportCodec } from '../../shared/proto/load.ts';
import { connectNats, ensureStreams, samplesSubject } from '../../shared/nats.ts';
import { loadSettings, type TlsSettings } from '../../shared/settings.ts';
import { MIB, SECOND_MS } from '../../shared/units.ts';
import { createAuthority } from '../certificates.ts';
import { whyNoLibvirtd } from './libvirt/private-libvirtd.ts';
import { freePort, skipWithout, startNats } from '../services.ts';
import { spec, startRealHost, type RealHost } from './vm/real-host.ts';

const skip = whyNoLibvirtd() ?? skipWithout('nats-server');
const wait = { timeoutMs: 30_000 };

interface Running {
  readonly address: string;
  readonly daemon: Daemon;
  readonly host: RealHost;
  dial(tls: TlsSettings, sha256?: string): ServiceCalls;
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
  const dial = (ofTls: TlsSettings, sha256?: string): ServiceCalls => {
    const client = new Connection(
      { daemon: 'evenkeel-agent', address },
      channelCredentials(ofTls, address, sha256),
    );
    t.teardown(() => {
      client.close();
    });
    return client;
  };
  return { address, daemon, host, dial };
}

/** Asks until it is answered: the agent is up before it knows what host it is. */
async function hostOf(
  client: ServiceCalls,
): Promise<{ hostId: string; agentAddress: string; certificateSha256: string }> {
  const giveUpAtMs = performance.now() + wait.timeoutMs;
  for (;;)
    try {
      const { hostId, facts } = await client.unary(agentService.GetHost, 'host', {}, wait);
      return {
        hostId,
        agentAddress: facts?.agentAddress ?? '',
        certificateSha256: facts?.certificateSha256 ?? '',
      };
    } catch (error) {
      if (!String(error).includes('has not reported the host id yet') || performance.now() > giveUpAtMs)
        throw error;
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
    await t.rejects(other.unary(agentService.ListVms, 'list', {}, wait), { code: 'UNAVAILABLE' });
  });

  await t.test('carries out commands and says why it does not', async (t) => {
    const disks = [{ pool: 'pool', newBytes: 8 * MIB }];
    const request = { spec: { ...spec({ name: 'remote' }), disks }, start: true };
    const { vm } = await client.unary(agentService.CreateVm, 'create', request, wait);
    t.match(vm, {
      name: 'remote',
      state: 'VM_STATE_RUNNING',
      disks: [{ device: 'vda', capacityBytes: 8 * MIB }],
    });
    await t.rejects(client.unary(agentService.CreateVm, 'create', request, wait), {
      code: 'ALREADY_EXISTS',
      message: /^create: name: VM remote exists/,
    });
    const bad = { spec: { ...spec({ name: 'x/y', memoryBytes: 0 }) } };
    await t.rejects(client.unary(agentService.CreateVm, 'create', bad, wait), {
      code: 'INVALID_ARGUMENT',
      message: /name: .*; memory_bytes: /,
    });
    await t.rejects(client.unary(agentService.CreateVm, 'create', {}, wait), {
      code: 'INVALID_ARGUMENT',
      message: /spec: is missing/,
    });
    await t.rejects(client.unary(agentService.StartVm, 'start', { vm: { name: 'none' } }, wait), {
      code: 'NOT_FOUND',
    });
    const migration = client.stream(agentService.Migrate, 'migrate', { migrationId: 'm' }, wait);
    await t.rejects(migration.next(), { code: 'INVALID_ARGUMENT', message: /epoch: must be above 0/ });
    await t.rejects(client.unary(agentService.CheckTarget, 'check', { xml: '<' }, wait), {
      code: 'INVALID_ARGUMENT',
      message: /xml: /,
    });
    await t.rejects(client.unary(agentService.AbortMigration, 'abort', { migrationId: 'm' }, wait), {
      code: 'INVALID_ARGUMENT',
    });
  });

  await t.test('lists a VM whose monitor hangs, from the first moment on', async (t) => {
    const pid = host.daemon.qemuPid('remote');
    process.kill(pid, 'SIGSTOP');
    try {
      const untilMs = performance.now() + 4 * SECOND_MS;
      while (performance.now() < untilMs) {
        const { vms } = await client.unary(agentService.ListVms, 'list', {}, wait);
        t.match(vms, [{ name: 'remote', state: 'VM_STATE_RUNNING' }]);
        await systemClock.sleep(200);
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  await t.test('guards, shows and forgets a migration', async (t) => {
    const { vms } = await client.unary(agentService.ListVms, 'list', {}, wait);
    const vmUuid = vms[0]?.uuid ?? '';
    const asked = { migrationId: 'm1', epoch: 1, vmUuid };
    const observed = client.unary(agentService.ObserveVm, 'observe', asked, wait);
    t.match(await observed, { vm: { name: 'remote' }, migrationId: '' });
    const guard = client.unary(agentService.GuardMigration, 'guard', asked, wait);
    await t.rejects(guard, { code: 'FAILED_PRECONDITION', message: /active here/ });
    const other = { ...asked, vmUuid: crypto.randomUUID() };
    t.match(await client.unary(agentService.GuardMigration, 'guard', other, wait), { definedBefore: false });
    t.match(await client.unary(agentService.ObserveVm, 'observe', other, wait), { migrationId: 'm1' });
    const act = { ...asked, act: 'SETTLE_ACT_DESTROY', expectedState: 'VM_STATE_RUNNING' } as const;
    await t.rejects(client.unary(agentService.SettleVm, 'settle', act, wait), {
      code: 'FAILED_PRECONDITION',
      message: /it is running \(id \d+\) now, not running \(id 0\)/,
    });
    await client.unary(agentService.EndMigration, 'end', other, wait);
    await t.rejects(client.unary(agentService.EndMigration, 'end', { ...other, migrationId: '' }, wait), {
      code: 'INVALID_ARGUMENT',
    });
  });

  await t.test('is asked by the agent of another host, which knows it by certificate and id', async (t) => {
    const { hostId: sourceHostId, agentAddress: sourceAgentAddress } = await hostOf(client);
    const { vms } = await client.unary(agentService.ListVms, 'list', {}, wait);
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
      { servers: [nats.url], user: '', passwordFile: '', tokenFile: '', credentialsFile: '', caFile: '' },
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
    await t.rejects(client.unary(agentService.ListVms, 'list', {}, wait), {
      code: 'UNAVAILABLE',
      message: /check that libvirtd runs|libvirtd running/,
    });
    await host.daemon.start();
    const { vms } = await client.unary(agentService.ListVms, 'list', {}, wait);
    t.match(vms, [{ name: 'remote', state: 'VM_STATE_RUNNING' }]);
    t.ok(agent.daemon.isHealthy());
    await client.unary(agentService.DestroyVm, 'destroy', { vm: { name: 'remote' } }, wait);
    const undefine = { vm: { name: 'remote' }, deleteVolumes: true };
    const { deletedVolumes } = await client.unary(agentService.UndefineVm, 'undefine', undefine, wait);
    t.match(deletedVolumes, [/^pool\/remote-.*-vda\.qcow2$/]);
  });
});
