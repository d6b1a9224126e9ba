// Tests, with a real libvirtd, the refusal of a VM that needs files, secrets or programs that the target lacks.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { checkNeeds } from '../../../../agent/migration/checks/needs-check.ts';
import { identifyByStat } from '../../../../agent/migration/checks/storage-identity.ts';
import { readDefinition } from '../../../../agent/vm/definition.ts';
import type { CheckRefusalInput } from '../../../../shared/gen/agent.ts';
import { whyNoLibvirtd } from '../../libvirt/private-libvirtd.ts';
import { startRealHost, type RealHost } from '../../vm/real-host.ts';

const skip = whyNoLibvirtd();
const wait = { timeoutMs: 20_000 };

void t.test('what a VM needs of its host', skip === undefined ? {} : { skip }, async (t) => {
  const host = await startRealHost();
  t.teardown(() => host.stop());
  await t.test('files that QEMU opens, and folders in which it makes one', (t) => files(t, host));
  await t.test('secrets, by their uuid and by what they are for', (t) => secrets(t, host));
  await t.test('a TPM emulator', (t) => tpm(t, host));
});

function refusalsOn(host: RealHost, devices: string, os = ''): Promise<CheckRefusalInput[]> {
  const vm = readDefinition(
    `<domain type='qemu'><name>web1</name><uuid>6f1c1a52-7c3c-4a39-9d7f-0d9f5a2b8e11</uuid><os><type arch='x86_64' machine='q35'>hvm</type>${os}</os><devices>${devices}</devices></domain>`,
  );
  return host.access.own((connection) => checkNeeds(connection, vm, identifyByStat(), wait));
}

async function files(t: Test, host: RealHost): Promise<void> {
  const folder = join(host.daemon.directory, 'needs');
  mkdirSync(folder);
  const here = join(folder, 'here');
  writeFileSync(here, '');
  const gone = join(folder, 'gone');
  const cases: readonly (readonly [
    named: string,
    xml: (path: string) => string,
    os?: (path: string) => string,
  ])[] = [
    ['its loader', () => '', (path) => `<loader readonly='yes' type='pflash'>${path}</loader>`],
    ['its kernel', () => '', (path) => `<kernel>${path}</kernel>`],
    ['its initrd', () => '', (path) => `<initrd>${path}</initrd>`],
    ['the ROM of its interface', (path) => `<interface type='bridge'><rom file='${path}'/></interface>`],
    [
      'the folder of a log of its serial',
      (path) => `<serial type='pty'><log file='${path}/a.log'/></serial>`,
    ],
    [
      'the folder of the file of its serial',
      (path) => `<serial type='file'><source path='${path}/a'/></serial>`,
    ],
    ['the pipe of its serial', (path) => `<serial type='pipe'><source path='${path}'/></serial>`],
    [
      'the socket of its channel',
      (path) => `<channel type='unix'><source mode='connect' path='${path}'/></channel>`,
    ],
    [
      'the folder of the socket of its channel',
      (path) => `<channel type='unix'><source mode='bind' path='${path}/a'/></channel>`,
    ],
    [
      'the socket of its interface',
      (path) => `<interface type='vhostuser'><source type='unix' path='${path}' mode='client'/></interface>`,
    ],
    [
      'the GPU of its graphics',
      (path) => `<graphics type='egl-headless'><gl rendernode='${path}'/></graphics>`,
    ],
    [
      'the source of its random numbers',
      (path) => `<rng model='virtio'><backend model='random'>${path}</backend></rng>`,
    ],
  ];
  for (const [named, xml, os = () => ''] of cases) {
    t.match(
      await refusalsOn(host, xml(gone), os(gone)),
      [{ causeCode: 'MIGRATION_CAUSE_HOST_LACKS', reason: `${named}, ${gone}, is not here` }],
      named,
    );
    t.strictSame(await refusalsOn(host, xml(here).replace(`${here}/`, `${folder}/`), os(here)), [], named);
  }
  const made =
    "<channel type='unix'><source mode='bind' path='/var/lib/libvirt/qemu/channel/none/x/agent.0'/></channel>";
  t.strictSame(await refusalsOn(host, made), [], 'libvirt makes it on each host');
}

async function secrets(t: Test, host: RealHost): Promise<void> {
  const { target } = host.daemon;
  const virsh = ['-c', `qemu+unix:///session?socket=${target.kind === 'unix' ? target.path : ''}`];
  const uuid = '0b0d5a6c-5b1f-4b0e-8a3e-2f2a1c9d7e01';
  const disk = (secret: string): string =>
    `<disk type='network' device='disk'><source protocol='rbd' name='a/b'><auth username='libvirt'>${secret}</auth></source><target dev='vda'/></disk>`;
  const byUuid = disk(`<secret type='ceph' uuid='${uuid}'/>`);
  const byUsage = disk("<secret type='ceph' usage='client.libvirt secret'/>");
  t.match(await refusalsOn(host, byUuid + byUuid), [
    {
      causeCode: 'MIGRATION_CAUSE_HOST_LACKS',
      reason: `libvirt here has no secret ${uuid}`,
      cure: /virsh secret-define/,
    },
  ]);
  t.match(await refusalsOn(host, byUsage), [{ reason: 'libvirt here has no secret client.libvirt secret' }]);
  const file = join(host.daemon.directory, 'secret.xml');
  writeFileSync(
    file,
    `<secret ephemeral='no' private='no'><uuid>${uuid}</uuid><usage type='ceph'><name>client.libvirt secret</name></usage></secret>`,
  );
  execFileSync('virsh', [...virsh, 'secret-define', file]);
  t.strictSame(await refusalsOn(host, byUuid + byUsage), []);
}

async function tpm(t: Test, host: RealHost): Promise<void> {
  const hasSwtpm = spawnSync('swtpm', ['--version']).status === 0;
  const emulated = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>";
  t.match(
    (await refusalsOn(host, emulated)).map(({ reason }) => reason),
    hasSwtpm ? [] : ['this host has no TPM emulator'],
  );
  t.strictSame(await refusalsOn(host, "<tpm model='tpm-tis'><backend type='external'/></tpm>"), []);
}
