// Tests the life of a VM through the CLI on real hosts, and invalid input: a clear error, and nothing changed.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { certificateFolder } from '../../lab/services/certificates.ts';
import { tryCommand, type CommandResult } from '../../lab/command.ts';
import { repositoryRoot } from '../../lab/paths.ts';
import {
  agentPort,
  baseImage,
  bridge,
  guest as guestFacts,
  labHost,
  nats,
  pool,
} from '../../lab/topology.ts';
import type { VmSpecInput } from '../../shared/gen/agent.ts';
import {
  guestName,
  guestOptions,
  openCluster,
  runCli,
  schedulerAddress,
  skipWithoutLab,
  until,
} from './cluster.ts';

const fileTimeoutMs = 600_000;
t.setTimeout(fileTimeoutMs);

t.test('VMs and bad input', { skip: skipWithoutLab(), timeout: fileTimeoutMs }, async (t) => {
  const cluster = await openCluster(t);
  const stateOf = async (name: string): Promise<string[]> =>
    (await cluster.copies(name)).map(({ host, state }) => `${host} ${state}`);

  await t.test('a VM is created, started, shut down, destroyed and removed without a trace', async (t) => {
    const before = await cluster.inventory();
    const guest = await cluster.create(121, 'kvm2', '--no-start', '--purpose', 'e2e & <friends>');
    t.strictSame(await stateOf(guest.name), ['kvm2 shut off']);
    t.match(await cluster.run('vm', 'show', guest.name), {
      hostName: 'kvm2',
      vm: {
        name: guest.name,
        state: 'shut_off',
        vcpus: 1,
        metadata: { owner: 'e2e', purpose: 'e2e & <friends>' },
      },
    });

    await cluster.run('vm', 'start', guest.name);
    const watch = await guest.watch();
    t.teardown(() => {
      watch.close();
    });
    t.strictSame(await stateOf(guest.name), ['kvm2 running']);
    await cluster.areSampled(guest);
    const shown = await cluster.evenkeel('vms');
    t.ok(shown.stdout.includes(guest.name), 'the CLI lists it');

    // A running VM is neither started again nor removed.
    for (const verb of ['start', 'undefine']) {
      const refused = await cluster.evenkeel('vm', verb, guest.name);
      t.equal(refused.status, 4, `${verb} while it runs: ${refused.stderr.trim()}`);
    }
    t.strictSame(await stateOf(guest.name), ['kvm2 running']);

    await cluster.run('vm', 'shutdown', guest.name);
    await until(
      'the guest has shut down',
      60_000,
      () => stateOf(guest.name),
      ([state]) => state === 'kvm2 shut off',
    );

    await cluster.run('vm', 'start', guest.name);
    await cluster.run('vm', 'destroy', guest.name);
    t.strictSame(await stateOf(guest.name), ['kvm2 shut off']);

    const gone = await cluster.run('vm', 'undefine', guest.name, '--delete-volumes', '--yes');
    t.match(gone, { deletedVolumes: [/./] }, 'says which volumes it deleted');
    t.strictSame(await cluster.inventory(), before, 'nothing of it is left');
    t.equal((await cluster.evenkeel('vm', 'show', guest.name)).status, 3, 'and it is unknown');
  });

  await t.test('of two creations with the same name, one wins', async (t) => {
    const name = guestName(122);
    const create = (host: string): ReturnType<typeof cluster.evenkeel> =>
      cluster.evenkeel('--json', 'vm', 'create', name, ...guestOptions(122), '--no-start', '--host', host);
    const answers = await Promise.all([create('kvm1'), create('kvm3')]);
    t.strictSame(answers.map(({ status }) => status).sort(), [0, 4]);
    t.match(answers.find(({ status }) => status === 4)?.json, {
      error: { code: 'ALREADY_EXISTS', message: name },
    });
    t.equal((await cluster.copies(name)).length, 1, 'one definition');
    t.equal((await create('kvm2')).status, 4, 'the name stays taken');
    t.equal((await cluster.copies(name)).length, 1);
  });
  await cluster.removeVms();

  await t.test('an impossible VM is refused with field and cause, and leaves nothing behind', async (t) => {
    const before = await cluster.inventory();
    const good = { disk: `pool=${pool.name},clone=${baseImage}`, nic: 'bridge=br0', memory: '256M' };
    const cases: readonly [Partial<typeof good> & { name?: string; more?: string[] }, number, RegExp][] = [
      [{ name: '<b>x</b>' }, 2, /NAME.*<b>x<\/b>/],
      [{ name: '../x' }, 2, /NAME.*\.\.\/x/],
      [{ memory: '0' }, 2, /memory.*0/],
      [{ memory: '64G' }, 4, /memory/],
      [{ nic: 'bridge=br77' }, 4, /bridge.*br77/],
      [{ nic: 'network=nowhere' }, 4, /network.*nowhere/],
      [{ disk: `pool=puddle,clone=${baseImage}` }, 4, /pool.*puddle/],
      // Only libvirt on the host knows its volumes and files: these are refused by the agent.
      [{ disk: `pool=${pool.name},clone=no-image` }, 2, /no-image/],
      [{ disk: `pool=${pool.name},volume=no-volume` }, 2, /no-volume/],
      [{ more: ['--iso', '/nowhere/install.iso'] }, 2, /iso.*install\.iso/],
      [{ more: ['--host', 'kvm9'] }, 3, /host.*kvm9.*kvm1/],
    ];
    for (const [wrong, status, words] of cases) {
      const { name = guestName(123), disk, nic, memory, more = [] } = { ...good, ...wrong };
      const options = ['--vcpus', '1', '--memory', memory, '--disk', disk, '--nic', nic];
      const refused = await cluster.evenkeel('vm', 'create', name, ...options, ...more);
      t.equal(refused.status, status, `${JSON.stringify(wrong)}: ${refused.stderr.trim()}`);
      t.match(oneLine(refused.stderr), words);
    }
    // Tools speak to the scheduler without the CLI's own checks.
    const spec = { name: guestName(123), vcpus: 1, memoryBytes: guestFacts.memoryBytes };
    const wrongSpecs: readonly [VmSpecInput, RegExp][] = [
      [{ name: '<b>x</b>' }, /spec\.name.*<b>x<\/b>/],
      [{ name: 'a/b' }, /spec\.name.*a\/b/],
      [{ memoryBytes: 0 }, /spec\.memory_bytes/],
      [{ vcpus: 0 }, /spec\.vcpus/],
      [{ vcpus: 4_096 }, /vcpu/i],
      [{ nics: [{ bridge: 'br0', mac: '<mac>' }] }, /mac.*<mac>/],
    ];
    for (const [wrong, field] of wrongSpecs)
      await t.rejects(cluster.createVm({ ...spec, ...wrong }), { message: field }, JSON.stringify(wrong));
    t.strictSame(await cluster.inventory(), before);
  });

  await t.test('a VM that does not exist is reported as unknown', async (t) => {
    const commands = [
      ['vm', 'show'],
      ['vm', 'start'],
      ['vm', 'shutdown'],
      ['vm', 'destroy'],
      ['vm', 'undefine'],
      ['explain'],
    ];
    for (const command of commands) {
      const refused = await cluster.evenkeel(...command, 'e2e-nobody');
      t.equal(refused.status, 3, `${command.join(' ')}: ${refused.stderr.trim()}`);
      t.match(refused.stderr, /no VM "e2e-nobody"/);
    }
    t.equal(
      (await cluster.evenkeel('vms', '--host', 'kvm9')).status,
      3,
      'nor does it list VMs of an unknown host',
    );
  });

  await t.test('a wrong address or certificate is named as the cause', async (t) => {
    const own = certificateFolder('operator');
    const tls = (cert = join(own, 'cert.pem')): string[] => [
      '--ca',
      join(own, 'ca.pem'),
      '--cert',
      cert,
      '--key',
      join(own, 'key.pem'),
    ];
    const cases: readonly [string, string[], number, RegExp][] = [
      ['nobody listens there', ['--scheduler', `${bridge.address}:7`, ...tls()], 5, /10\.77\.0\.1:7\b/],
      [
        'something else listens there',
        ['--scheduler', `${nats.address}:${nats.port}`, ...tls()],
        5,
        /10\.77\.0\.1:14222/,
      ],
      [
        'an agent listens there',
        ['--scheduler', `${labHost('kvm1').address}:${agentPort}`, ...tls()],
        1,
        /is it a scheduler/,
      ],
      [
        'no certificate',
        ['--scheduler', schedulerAddress, ...tls('/nowhere/cert.pem')],
        2,
        /--cert.*\/nowhere\/cert\.pem/,
      ],
      [
        'a key instead of a certificate',
        ['--scheduler', schedulerAddress, ...tls(join(own, 'key.pem'))],
        2,
        /--cert/,
      ],
      [
        'plain text to a remote address',
        ['--scheduler', schedulerAddress, '--plaintext'],
        2,
        /this machine only/,
      ],
    ];
    for (const [what, options, status, words] of cases) {
      const refused = await runCli([...options, 'hosts']);
      t.equal(refused.status, status, `${what}: ${refused.stderr.trim()}`);
      t.match(oneLine(refused.stderr), words);
    }
  });

  await t.test('a daemon with invalid settings does not start, and names them', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'evenkeel-e2e-'));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const own = certificateFolder('control');
    const start = async (daemon: string, yaml: string, ...more: string[]): Promise<CommandResult> => {
      const file = join(folder, 'settings.yaml');
      await writeFile(file, yaml);
      const main = join(repositoryRoot, 'dist', daemon, 'main.js');
      return tryCommand([process.execPath, main, '--config', file, ...more], { timeoutMs: 30_000 });
    };
    const tls = `tls: {caFile: ${own}/ca.pem, certFile: ${own}/cert.pem, keyFile: ${own}/key.pem}`;
    for (const daemon of ['agent', 'scheduler']) {
      t.equal((await start(daemon, tls, '--check-config')).status, 0, `${daemon}: good settings are good`);
      for (const [yaml, words] of [
        ['listen: [', /settings\.yaml/],
        ['listen: {adress: "1.2.3.4:5"}', /listen\.adress/],
        ['listen: {address: "0.0.0.0:99999"}', /listen\.address.*99999/],
      ] as const) {
        const refused = await start(daemon, yaml, '--check-config');
        t.equal(refused.status, 2, `${daemon} with ${yaml}: ${refused.stderr.trim()}`);
        t.match(oneLine(refused.stderr), words);
      }
      const missing = await start(
        daemon,
        tls.replace('cert.pem', 'none.pem').replace(own, '/nowhere'),
        '--check-config',
      );
      t.equal(missing.status, 2, `${daemon} without its certificate: ${missing.stderr.trim()}`);
      t.match(oneLine(missing.stderr), /tls\.(ca|cert)File.*\/nowhere/);
      const absent = await tryCommand(
        [
          process.execPath,
          join(repositoryRoot, 'dist', daemon, 'main.js'),
          '--config',
          '/nowhere/settings.yaml',
        ],
        { timeoutMs: 30_000 },
      );
      t.equal(absent.status, 2, `${daemon} without its settings file: ${absent.stderr.trim()}`);
      t.match(oneLine(absent.stderr), /\/nowhere\/settings\.yaml/);
    }
  });
});

/** Joins the lines of a long error, which the CLI wraps for the terminal. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
