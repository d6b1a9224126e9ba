// Tests, with a real libvirtd, the refusal of storage that stays on its host: devices, pools of devices, backing chains.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createCheckTarget } from '../../../../agent/migration/checks/check.ts';
import { Intents } from '../../../../agent/migration/promises/intents.ts';
import { systemClock } from '../../../../shared/clock.ts';
import type { CheckRefusalInput } from '../../../../shared/gen/agent.ts';
import { GIB } from '../../../../shared/units.ts';
import { whyNoLibvirtd } from '../../libvirt/private-libvirtd.ts';
import { startRealHost, type RealHost } from '../../vm/real-host.ts';
import { logger, never } from '../pair.ts';

const skip = whyNoLibvirtd();
const UUID = '6f1c1a52-7c3c-4a39-9d7f-0d9f5a2b8e11';

void t.test('disks that stay on their host', skip === undefined ? {} : { skip }, async (t) => {
  const host = await startRealHost();
  t.teardown(() => host.stop());
  definePool(
    host,
    'vg0',
    "<pool type='logical'><name>vg0</name><target><path>/dev/vg0</path></target></pool>",
  );
  definePool(
    host,
    'lun',
    "<pool type='iscsi'><name>lun</name><source><host name='127.0.0.1'/><device path='iqn.2024-01.test:lun'/></source><target><path>/dev/disk/by-path</path></target></pool>",
  );
  const check = checkOn(host);

  const refused: readonly (readonly [what: string, disk: string])[] = [
    ['a block disk', disk('block', "<source dev='/dev/vg0/web1'/>")],
    ['a block disk outside /dev', disk('block', "<source dev='/srv/web1'/>")],
    ['a device called a file', disk('file', "<source file='/dev/vg0/web1'/>")],
    ['a device called a file by a detour', disk('file', "<source file='/srv/../dev/vg0/web1'/>")],
    ['a volume of a logical pool', disk('volume', "<source pool='vg0' volume='web1'/>")],
    ['a volume of an iSCSI pool', disk('volume', "<source pool='lun' volume='unit:0:0:1'/>")],
    ['a LUN passed through', disk('block', "<source dev='/dev/disk/by-id/wwn-0x5'/>", 'lun')],
    ["the host's own CD drive", disk('block', "<source dev='/dev/sr0'/><readonly/>", 'cdrom')],
    [
      'a backing file on a device',
      disk('network', `${RBD}<backingStore type='file'><source file='/a'/>${BACKING}</backingStore>`),
    ],
    [
      'a mirror on a device',
      disk('network', `${RBD}<mirror type='block'><source dev='/dev/vg0/new'/></mirror>`),
    ],
    [
      'a data file on a device',
      disk(
        'network',
        "<source protocol='rbd' name='a/b'><dataStore type='block'><source dev='/dev/vg0/d'/></dataStore></source>",
      ),
    ],
  ];
  for (const [what, xml] of refused)
    t.match(await check(xml), [{ causeCode: 'MIGRATION_CAUSE_STORAGE_UNSAFE' }], what);
  t.match(await check('', "<nvram type='block'><source dev='/dev/vg0/vars'/></nvram>"), [
    { causeCode: 'MIGRATION_CAUSE_STORAGE_UNSAFE', reason: /UEFI variables is on \/dev\/vg0\/vars/ },
  ]);
  t.match(await check(disk('block', "<source dev='/dev/vg0/web1'/>")), [
    {
      reason: 'disk vda is on /dev/vg0/web1, and nothing proves that this is the same device on both hosts',
      cure: /file on storage that both hosts have mounted or to a network disk/,
    },
  ]);
  t.match(await check(disk('block', "<source dev='/dev/sr0'/>", 'cdrom')), [{ cure: /^eject the medium/ }]);

  const accepted: readonly (readonly [what: string, disk: string])[] = [
    ['a file', disk('file', `<source file='/srv/images/web1.qcow2'/>`)],
    ['a file whose folder only begins like /dev', disk('file', "<source file='/devices/web1.qcow2'/>")],
    ['an empty drive', disk('file', '<readonly/>', 'cdrom')],
    ['an empty drive of block type', disk('block', '<readonly/>', 'cdrom')],
    ['a network disk', disk('network', RBD)],
    ['a volume of a pool of files', disk('volume', "<source pool='pool' volume='web1.qcow2'/>")],
    ['the end of a backing chain', disk('network', `${RBD}<backingStore/>`)],
  ];
  for (const [what, xml] of accepted) t.strictSame(await check(xml), [], what);
  t.strictSame(await check('', '<nvram>/var/lib/libvirt/qemu/nvram/web1.fd</nvram>'), []);

  const lv = '/dev/vg0/web1';
  const block = disk('block', `<source dev='${lv}'/>`);
  const asked = (here: string, there: string, xml = block, path = lv): ReturnType<Asked> =>
    checkOn(host, new Map([[path, here]]), { [path]: there })(xml);
  t.strictSame(await asked('device LVM-abc', 'device LVM-abc'), [], 'one device');
  t.match(await asked('device LVM-xyz', 'device LVM-abc'), [
    {
      causeCode: 'MIGRATION_CAUSE_STORAGE_UNSAFE',
      reason:
        'disk vda, /dev/vg0/web1, is other storage here: device LVM-xyz, and device LVM-abc on its host',
    },
  ]);
  const image = '/srv/images/web1.qcow2';
  const file = disk('file', `<source file='${image}'/>`);
  t.strictSame(await asked('file 6969 0 7', 'file 6969 0 7', file, image), [], 'one file');
  t.match(
    await asked('file ef53 a1b2 7', 'file 6969 0 7', file, image),
    [{ causeCode: 'MIGRATION_CAUSE_STORAGE_UNSAFE', reason: /is other storage here: file ef53/ }],
    'the shared folder is not mounted here',
  );
  const cd = disk('file', `<source file='${image}'/><readonly/>`, 'cdrom');
  t.strictSame(
    await asked('file ef53 a1b2 7', 'file 6969 0 7', cd, image),
    [],
    'each host may have its own ISO',
  );
});

const RBD = "<source protocol='rbd' name='a/b'/>";
const BACKING = "<backingStore type='block'><source dev='/dev/vg0/base'/><backingStore/></backingStore>";

function disk(type: string, content: string, device = 'disk'): string {
  return `<disk type='${type}' device='${device}'>${content}<target dev='vda' bus='virtio'/></disk>`;
}

/** Without starting it: such a pool needs its devices. */
function definePool({ daemon }: RealHost, name: string, xml: string): void {
  const path = join(daemon.directory, `${name}.xml`);
  writeFileSync(path, xml);
  const socket = daemon.target.kind === 'unix' ? daemon.target.path : '';
  execFileSync('virsh', ['-c', `qemu+unix:///session?socket=${socket}`, 'pool-define', path]);
}

type Asked = (disks: string, os?: string) => Promise<readonly CheckRefusalInput[]>;

/** The check of a target that sees files behind all paths but those given, asked by a source that sees `there`. */
function checkOn(
  host: RealHost,
  here: ReadonlyMap<string, string> = new Map(),
  there: Readonly<Record<string, string>> = {},
): Asked {
  const storage = Object.entries(there).map(([source, identity]) => ({ source, identity }));
  const checkTarget = createCheckTarget({
    access: host.access,
    intents: new Intents(host.state, systemClock),
    clock: systemClock,
    logger,
    settings: {
      unsafe: true,
      tls: false,
      allowTcp: true,
      memoryReserveBytes: 0,
      memoryOvercommitRatio: 1,
      portMin: 49_152,
      portMax: 49_215,
      tlsDirectory: '',
    },
    procRoot: '/proc',
    memory: () => ({ memoryBytes: 4 * GIB, memoryAvailableBytes: 4 * GIB }),
    lookAtLink: () => ({ bridge: 'linux', isUp: true }),
    identify: (paths) =>
      Promise.resolve(new Map(paths.map((path) => [path, here.get(path) ?? 'file 6969 0 7']))),
    lookAtImage: () => Promise.resolve({ exitCode: 0, errors: '' }),
  });
  return async (disks, os = '') => {
    const xml =
      `<domain type='qemu'><name>web1</name><uuid>${UUID}</uuid><memory unit='KiB'>262144</memory>` +
      `<os><type arch='x86_64' machine='q35'>hvm</type>${os}</os><devices>${disks}</devices></domain>`;
    const request = {
      ...{ vmUuid: UUID, vmName: 'web1', xml, storage },
      ...{ sourceHypervisorVersion: '', sourceCpuXml: '', tls: false },
    };
    return (await checkTarget(request, never)).refusals ?? [];
  };
}
