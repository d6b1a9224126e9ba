// Runs the command as a process against a fake scheduler over real gRPC: results, JSON, exit codes, errors.
import { readFileSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { serverCredentials } from '../../shared/grpc/credentials.ts';
import type { TlsSettings } from '../../shared/settings.ts';
import { GIB } from '../../shared/units.ts';
import { installCommand, runHere, startCommand, type Outcome } from './command.ts';
import { startFakeScheduler, type FakeScheduler } from './fake-scheduler.ts';

const evenkeel = installCommand();
const plaintext: TlsSettings = { mode: 'plaintext', caFile: '', certFile: '', keyFile: '' };

async function startPlain(t: Test, address = '127.0.0.1:0'): Promise<FakeScheduler> {
  const scheduler = await startFakeScheduler(serverCredentials(plaintext, address), address);
  t.teardown(() => scheduler.stop());
  return scheduler;
}

type Ask = (line: string, env?: Readonly<Record<string, string>>) => Promise<Outcome>;

/** Runs command lines against a scheduler without TLS on this machine. */
function askOf({ port }: { port: number }, how: Ask = runHere): Ask {
  return (line, env = {}) =>
    how(line, { EVENKEEL_SCHEDULER: `127.0.0.1:${port}`, EVENKEEL_TLS_MODE: 'plaintext', ...env });
}

const run: Ask = (line, env = {}) => startCommand(evenkeel, line.split(' '), env).ended;

void t.test('tables for people', async (t) => {
  const ask = askOf(await startPlain(t));
  const pages: readonly (readonly [string, RegExp])[] = [
    ['hosts', /^HOST .*\nkvm1 +hot cpu +100% +203%[^]*3 hosts: 1 hot, 1 stale; 4 VMs running\n$/],
    ['hosts --sort memory', /^HOST .*\nkvm1 /],
    ['vms', /^VM .*\nburn1 +kvm1 +running[^]*\nquiet10 /],
    ['vms --host kvm2', /^VM .*\nquiet9.* stuck .*shown running on kvm2 and kvm3\n$/],
    ['vms --sort cpu', /\nburn1 [^]*\nquiet10 /],
    ['vms --host kvm3', /^No VM runs on kvm3\.\n$/],
    [
      'plan',
      /^Mode recommend:[^]*kvm1 has been hot[^]*move +burn1 from kvm1 to kvm2[^]*approve +evenkeel approve burn1/,
    ],
    ['explain burn2', /^burn2 stays on kvm1[^]*It could move to: kvm2\.[^]*never_move/],
    ['decisions', /move burn1 → kvm2[^]*no move: every VM/],
    ['decisions d-41', /evidence +CPU demand 203%/],
    ['migrations', /m-7 +burn1 +kvm1 → kvm2 +copying 63%[^]*m-5/],
    ['migrations --active', /^[^]*m-7[^]*copying 63%[^]*$/],
    ['abort burn1', /^The migration of burn1 was aborted; it stays on kvm1/],
    ['mode', /^recommend: /],
    ['vm show burn1', /^name +burn1\n[^]*VNC on 127\.0\.0\.1:5900 of kvm1/],
    ['vm start burn1', /^burn1 is started\.\n$/],
    ['vm shutdown burn1', /was asked to shut down/],
    ['vm destroy burn1', /^burn1 is off\./],
    ['vm undefine burn1', /^burn1 is removed\.\n$/],
    [
      'vm undefine burn1 --delete-volumes --yes',
      /Deleted: shared\/burn1-0\nKept: shared\/base: it was not made for this VM\n$/,
    ],
    ['names vms', /^burn1\nburn2\nquiet10\n$/],
  ];
  for (const [line, expected] of pages) {
    const { code, stdout, stderr } = await ask(line);
    t.equal(code, 0, `${line} ends with 0`);
    t.match(stdout, expected, line);
    t.equal(stderr, '', `${line} has nothing to complain of`);
  }
});

void t.test(
  'a process of its own answers alike, without colour, in the width that is asked for',
  async (t) => {
    const scheduler = await startPlain(t);
    const [piped, narrow, json, refused] = await Promise.all(
      [
        { line: 'hosts' },
        { line: 'hosts', env: { COLUMNS: '80' } },
        { line: 'vms --json' },
        { line: 'vm show nobody --json' },
      ].map(({ line, env = {} }) => askOf(scheduler, run)(line, env)),
    );
    t.match(piped, { code: 0, stderr: '', stdout: /^HOST .*ADDRESS\nkvm1 +hot cpu/ });
    t.notMatch(piped?.stdout, '\u001b');
    t.match(narrow, { code: 0, stdout: /^HOST .*SEEN\nkvm1 / });
    t.ok(narrow?.stdout.split('\n').every((line) => line.length <= 80));
    t.match(JSON.parse(json?.stdout ?? ''), [{ sample: { name: 'burn1' } }, {}, {}, {}]);
    t.match(refused, { code: 3, stderr: '' });
    t.match(JSON.parse(refused?.stdout ?? ''), {
      error: { code: 'NOT_FOUND', exitCode: 3, message: /nobody/ },
    });
  },
);

void t.test('more than a pipe holds arrives whole at a slow reader', async (t) => {
  const ask = askOf(await startPlain(t), run);
  const { stdout } = await ask('vms --host crowded --json');
  t.ok(stdout.length > 1_000_000);
  t.match(JSON.parse(stdout), { length: 2_000 });
});

void t.test('--json is one value with stable names and units', async (t) => {
  const ask = askOf(await startPlain(t));
  const json = async (line: string): Promise<unknown> => {
    const { code, stdout, stderr } = await ask(`${line} --json`);
    t.equal(code, 0, line);
    t.equal(stderr, '');
    return JSON.parse(stdout);
  };
  t.match(await json('hosts'), [
    {
      hostName: 'kvm1',
      state: 'ready',
      cpuDemandRatio: 2.03,
      hotResources: ['cpu'],
      sample: { memoryBytes: 2 * GIB },
    },
    { hostName: 'kvm2' },
    { hostName: 'kvm3', state: 'stale', sample: null },
  ]);
  t.match(await json('vms'), [{ sample: { name: 'burn1', state: 'running', stealRatio: 0.25 } }, {}, {}, {}]);
  t.match(await json('plan'), { mode: 'recommend', decisions: [{ move: { vmName: 'burn1' } }] });
  t.match(await json('explain burn2'), { possibleTargets: ['kvm2'], host: { hostName: 'kvm1' } });
  t.match(await json('decisions'), [{ decisionId: 'd-41', mode: 'recommend' }, { decisionId: 'd-40' }]);
  t.match(await json('decisions d-40'), { decisionId: 'd-40', mode: 'auto', noMoveReason: /cools down/ });
  t.match(await json('migrations'), [
    { migrationId: 'm-7', state: 'copying', progress: { iteration: 1 } },
    {},
    {},
  ]);
  t.match(await json('migrate burn1'), { state: 'succeeded', progress: { downtimeMs: 86 } });
  t.match(await json('abort m-7'), { state: 'aborted', causeCode: 'user_abort' });
  t.same(await json('mode auto'), { mode: 'auto', overrides: [] });
  t.same(await json('mode'), { mode: 'auto', overrides: [] });
  t.match(await json('vm show burn1'), {
    hostName: 'kvm1',
    vm: { name: 'burn1', migrationRole: 'outgoing' },
  });
  t.match(await json('vm undefine burn1'), { deletedVolumes: [] });
  t.match(await json('top'), { hosts: [{}, {}, {}], vms: [{}, {}, {}, {}] });
});

void t.test('top prints frames into a pipe and ends after --count', async (t) => {
  const ask = askOf(await startPlain(t));
  const { code, stdout } = await ask('top --count 2 --interval 1');
  t.equal(code, 0);
  t.equal(stdout.split('3 hosts: 1 hot, 1 stale').length - 1, 2);
  t.notMatch(stdout, '\u001b');
  const lines = (await ask('top --count 2 --interval 1 --json')).stdout.trim().split('\n');
  t.equal(lines.map((line): unknown => JSON.parse(line)).length, 2);
});

void t.test('a migration is followed to its end, whatever that is', async (t) => {
  const ask = askOf(await startPlain(t));
  const done = await ask('migrate burn1 --to kvm2');
  t.equal(done.code, 0);
  t.match(done.stdout, /checking\n.*63%  31\.4 MiB\/s  96\.0 MiB left  pass 1  dirty 2\.2 MiB\/s/);
  t.match(done.stdout, /burn1 moved from kvm1 to kvm2 in 14\.5 s; the guest paused for 86 ms\.\n$/);

  const failed = await ask('migrate fails');
  t.equal(failed.code, 1);
  t.match(failed.stderr, /did not move and stays on kvm1: dst_unreachable/);
  t.match(JSON.parse((await ask('migrate fails --json')).stdout), {
    error: { code: 'MIGRATION_FAILED', exitCode: 1 },
    migration: { state: 'failed', causeCode: 'dst_unreachable' },
  });

  const unsure = await ask('migrate unsure');
  t.equal(unsure.code, 6);
  t.match(unsure.stderr, /It is unknown where unsure runs[^]*kvm1 and kvm2/);

  const refused = await ask('migrate burn1 --to kvm1');
  t.equal(refused.code, 4);
  t.match(refused.stderr, /runs there already; name another host/);

  const handedOver = await ask('migrate burn1 --no-wait');
  t.equal(handedOver.code, 0);
  t.match(handedOver.stdout, /is moving from[^]*It is migration m-7/);

  const late = await ask('migrate slow --timeout 2s');
  t.equal(late.code, 6);
  t.match(late.stderr, /the --timeout has passed; migration m-7 continues; .*evenkeel abort m-7/);
});

void t.test('a broken answer is not a broken migration: it is looked for again', async (t) => {
  const { code, stdout } = await askOf(await startPlain(t))('migrate lost');
  t.equal(code, 0);
  t.match(
    stdout,
    /lost the connection to the scheduler; the migration continues[^]*lost moved from kvm1 to kvm2/,
  );
});

void t.test('a scheduler that restarts in the middle is asked again', async (t) => {
  const first = await startFakeScheduler(serverCredentials(plaintext, '127.0.0.1:0'));
  const address = `127.0.0.1:${first.port}`;
  const command = startCommand(evenkeel, ['migrate', 'slow', '--scheduler', address, '--plaintext']);
  await command.printed('63%');
  await first.stop();
  const second = await startPlain(t, address);
  second.finish('slow');
  const { code, stdout } = await command.ended;
  t.equal(code, 0);
  t.match(stdout, /lost the connection[^]*slow moved from kvm1 to kvm2/);
});

void t.test('Ctrl-C lets the migration continue and says how to stop it', async (t) => {
  const { port } = await startPlain(t);
  const address = ['--scheduler', `127.0.0.1:${port}`, '--plaintext'];
  const command = startCommand(evenkeel, ['migrate', 'slow', ...address]);
  await command.printed('63%');
  command.process.kill('SIGINT');
  const { code, stderr } = await command.ended;
  t.equal(code, 130);
  t.match(stderr, /migration m-7 of slow continues\.[^]*evenkeel abort m-7/);
});

void t.test('a VM is created from options, from a file, and from a file with options over it', async (t) => {
  const scheduler = await startPlain(t);
  const ask = askOf(scheduler);
  const folder = t.testdir();
  const file = join(folder, 'web1.yaml');
  writeFileSync(
    file,
    `name: web1
vcpus: 2
memory: 2G
disks:
  - {pool: shared, clone: debian12, size: 40G}
  - pool=shared,volume=data1
nics: [{bridge: br0, mac: "52:54:00:4D:00:15"}]
iso: shared/setup.iso
firmware: uefi
os: windows
owner: ana
purpose: shop
expires: 2031-05-30
neverMove: true
downtimeMaxMs: 500
host: kvm2
start: false
headless: true
`,
  );
  const options =
    'vm create web1 --vcpus 2 --memory 2G --disk pool=shared,clone=debian12,size=40G --disk pool=shared,volume=data1 ' +
    '--nic bridge=br0,mac=52:54:00:4d:00:15 --iso shared/setup.iso --firmware uefi --os windows --owner ana --purpose shop ' +
    '--expires 2031-05-30 --never-move --downtime-max-ms 500 --host kvm2 --no-start --headless';
  const fromOptions = await ask(options);
  t.equal(fromOptions.code, 0, fromOptions.stderr);
  t.match(fromOptions.stdout, /^web1 is defined on kvm1 with 1 vCPU and 256 MiB/);
  t.equal((await ask(`vm create --file ${file}`)).code, 0);
  const [one, two] = scheduler.created;
  t.same(one, two, 'both say the same');
  t.match(one, {
    host: 'kvm2',
    start: false,
    spec: {
      name: 'web1',
      vcpus: 2,
      memoryBytes: 2 * GIB,
      disks: [
        { pool: 'shared', cloneOf: 'debian12', sizeBytes: 40 * GIB },
        { pool: 'shared', existing: 'data1' },
      ],
      nics: [{ bridge: 'br0', mac: '52:54:00:4d:00:15' }],
      iso: 'shared/setup.iso',
      firmware: 'FIRMWARE_UEFI',
      osFamily: 'OS_FAMILY_WINDOWS',
      headless: true,
      metadata: {
        owner: 'ana',
        purpose: 'shop',
        expiresAtMs: Date.UTC(2031, 4, 30, 23, 59, 59, 999),
        rules: { neverMove: true, downtimeMaxMs: 500 },
      },
    },
  });
  t.equal((await ask(`vm create web2 --file ${file} --memory 512M --nic network=default`)).code, 0);
  t.match(scheduler.created[2], {
    spec: { name: 'web2', memoryBytes: GIB / 2, nics: [{ network: 'default' }], metadata: { owner: 'ana' } },
  });
  const small = await ask('vm create web3 --vcpus 1 --memory 256M --disk pool=shared,size=20G --json');
  t.match(JSON.parse(small.stdout), { hostName: 'kvm1', vm: { name: 'web3' } });
  t.match(scheduler.created[3], {
    start: true,
    host: '',
    spec: { disks: [{ newBytes: 20 * GIB }], headless: false },
  });
});

void t.test('what the scheduler says no to has its own exit code', async (t) => {
  const scheduler = await startPlain(t);
  const ask = askOf(scheduler);
  const create = '--vcpus 1 --memory 1G';
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ['vm show nobody', 3, /show VM nobody: no VM "nobody"; known are burn1/],
    ['explain nobody', 3, /known are burn1/],
    ['migrate nobody', 3, /known are burn1/],
    ['vms --host kvm9', 3, /no host "kvm9"; known are kvm1, kvm2, kvm3/],
    ['decisions d-99', 3, /not among the decisions/],
    ['abort m-99', 3, /going on are m-7/],
    ['vm start is-off', 4, /start VM is-off/],
    [`vm create is-taken ${create}`, 4, /create VM is-taken/],
    ['vm destroy is-broken', 1, /destroy VM is-broken/],
    ['vm show slow --timeout 2s', 5, /did not answer in time; try again, or wait longer with --timeout/],
    [
      'vm destroy slow --timeout 2s',
      6,
      /may or may not have been done\. Look before you repeat it: evenkeel vm show slow/,
    ],
  ];
  for (const [line, expected, text] of cases) {
    const { code, stdout, stderr } = await ask(line);
    t.equal(code, expected, line);
    t.match(stderr, text, line);
    t.equal(stdout, '');
  }
  t.same(scheduler.created, []);
  const { stdout } = await ask('vm show nobody --json');
  t.match(JSON.parse(stdout), { error: { code: 'NOT_FOUND', exitCode: 3, message: /nobody/ } });
});

/** What bash would offer for the words, with this very command as `evenkeel`. */
async function completed(script: string, words: string, port: number): Promise<string> {
  const line = words.split(' ');
  const { stdout } = await promisify(execFile)(
    'bash',
    [
      '-c',
      `evenkeel() { ${process.execPath} ${evenkeel} "$@"; }\n${script}\nCOMP_WORDS=(${line.join(' ')}); COMP_CWORD=${line.length - 1}; _evenkeel; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
    {
      env: {
        PATH: process.env['PATH'] ?? '',
        EVENKEEL_SCHEDULER: `127.0.0.1:${port}`,
        EVENKEEL_TLS_MODE: 'plaintext',
      },
    },
  );
  return stdout.trim();
}

void t.test('help, version and completion cost nothing and need no scheduler', async (t) => {
  const version = await run('--version');
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  t.equal(version.code, 0);
  t.match(manifest, { version: version.stdout.trim() });
  const help = await run('--help');
  t.equal(help.code, 0);
  t.match(help.stdout, /Exit codes:\n {2}0 +done/);
  t.ok(
    help.stdout.split('\n').every((line) => line.length <= 80),
    'help fits 80 columns',
  );
  const loaded = await run('--version', { NODE_DEBUG: 'esm' });
  t.notMatch(loaded.stderr, 'grpc-js', 'gRPC is loaded by calls only');
  const script = (await run('completion bash')).stdout;
  const { port } = await startPlain(t);
  const complete = (words: string): Promise<string> => completed(script, words, port);
  t.match((await complete('evenkeel mi')).split('\n'), ['migrate', 'migrations']);
  t.match(await complete('evenkeel vm cr'), 'create');
  t.match(await complete('evenkeel mode a'), 'auto');
  t.equal(await complete('evenkeel explain bu'), 'burn1\nburn2');
  t.equal(await complete('evenkeel migrate burn1 --to kvm'), 'kvm1\nkvm2\nkvm3');
  t.equal(await complete('evenkeel vm show q'), 'quiet10');
});
