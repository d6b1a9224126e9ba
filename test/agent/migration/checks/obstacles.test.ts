// Tests what in a live definition keeps a VM on its host, whatever the target.
import t from 'tap';
import { obstaclesOf } from '../../../../agent/migration/checks/obstacles.ts';
import type { Identities } from '../../../../agent/migration/checks/storage-identity.ts';
import { obstacleOf } from '../../../../agent/migration/checks/source-check.ts';
import { ErrorCode } from '../../../../agent/libvirt/constants.ts';
import { LibvirtError } from '../../../../agent/libvirt/errors.ts';
import { readDefinition } from '../../../../agent/vm/definition.ts';

function found(devices: string, domain = '', identities: Identities = new Map()): string[] {
  const vm = readDefinition(
    `<domain type='kvm'><name>web1</name><uuid>6f1c1a52-7c3c-4a39-9d7f-0d9f5a2b8e11</uuid>${domain}<devices>${devices}</devices></domain>`,
  );
  return obstaclesOf(vm, identities).map(
    ({ causeCode, reason }) => `${causeCode.replace('MIGRATION_CAUSE_', '')}: ${reason}`,
  );
}

const FIXED = 'DEVICE_NOT_MIGRATABLE: a device stays on its host:';

void t.test('devices of the host are named', (t) => {
  for (const [xml, named] of [
    [
      "<hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x06' slot='0x02' function='0x0'/></source></hostdev>",
      'hostdev pci 0x0000:0x06:0x02:0x0',
    ],
    [
      "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>",
      'hostdev mdev c2177883-f1bb-47f0-914d-32a22e3a8804',
    ],
    [
      "<filesystem type='mount'><source dir='/srv/data'/><target dir='data'/></filesystem>",
      'the shared folder /srv/data',
    ],
    [
      "<shmem name='ivshmem0' role='peer'><model type='ivshmem-plain'/></shmem>",
      'the shared memory ivshmem0',
    ],
    ["<shmem name='ivshmem1'><model type='ivshmem-plain'/></shmem>", 'the shared memory ivshmem1'],
    [
      "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>",
      "the host's TPM",
    ],
    ["<smartcard mode='host'/>", "the host's smart card"],
    ["<input type='evdev'><source dev='/dev/input/event1'/></input>", 'the input device /dev/input/event1'],
    ["<serial type='dev'><source path='/dev/ttyS0'/></serial>", "serial on the host's /dev/ttyS0"],
    [
      "<interface type='hostdev'><mac address='52:54:00:00:00:01'/></interface>",
      'hostdev interface 52:54:00:00:00:01',
    ],
    [
      "<interface type='vdpa'><mac address='52:54:00:00:00:02'/></interface>",
      'vdpa interface 52:54:00:00:00:02',
    ],
    [
      "<disk type='file' device='disk'><source file='/srv/a'/><target dev='vdb'/><transient/></disk>",
      'transient disk vdb',
    ],
  ] as const)
    t.strictSame(found(xml), [`${FIXED} ${named}`]);
  t.strictSame(found('', "<launchSecurity type='sev'/>"), [
    `${FIXED} memory that only this processor can read (sev)`,
  ]);
  t.end();
});

void t.test('addresses of the host alone are named', (t) => {
  const listens = (at: string): string => `an address of this host alone`.replace(/^/, `listens on ${at}, `);
  t.strictSame(
    found(
      "<graphics type='vnc' port='5900' listen='10.77.0.11'><listen type='address' address='10.77.0.11'/></graphics>",
    ),
    [`DEVICE_NOT_MIGRATABLE: its vnc console ${listens('10.77.0.11')}`],
  );
  t.strictSame(found("<graphics type='spice'><listen type='address' address='fd00::11'/></graphics>"), [
    `DEVICE_NOT_MIGRATABLE: its spice console ${listens('fd00::11')}`,
  ]);
  t.strictSame(found("<serial type='tcp'><source mode='bind' host='10.77.0.11' service='4555'/></serial>"), [
    `DEVICE_NOT_MIGRATABLE: its serial ${listens('10.77.0.11')}`,
  ]);
  t.end();
});

void t.test('a device keeps the VM unless something names it', (t) => {
  const disk = "<disk type='block' device='disk'><source dev='/dev/vg0/web1'/><target dev='vda'/></disk>";
  t.match(found(disk), [/^STORAGE_UNSAFE: disk vda is on \/dev\/vg0\/web1, and nothing proves/]);
  t.strictSame(found(disk, '', new Map([['/dev/vg0/web1', 'device LVM-abc']])), []);
  t.end();
});

void t.test('what every host has, or gets, keeps nobody', (t) => {
  for (const xml of [
    "<graphics type='vnc'><listen type='address' address='127.0.0.1'/></graphics>",
    "<graphics type='vnc'><listen type='address' address='0.0.0.0'/></graphics>",
    "<graphics type='vnc'><listen type='address' address='::'/></graphics>",
    "<graphics type='vnc'><listen type='address'/></graphics>",
    "<graphics type='vnc'><listen type='network' address='10.77.0.11' network='default'/></graphics>",
    "<graphics type='spice'><listen type='none'/></graphics>",
    "<serial type='pty'><source path='/dev/pts/3'/></serial>",
    "<serial type='tcp'><source mode='connect' host='10.0.0.9' service='4555'/></serial>",
    "<channel type='unix'><source mode='bind' path='/run/libvirt/qemu/channel/1/org.qemu.guest_agent.0'/></channel>",
    "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>",
    "<shmem name='ivshmem0' role='master'><model type='ivshmem-plain'/></shmem>",
    // libvirt unplugs the passed-through half, and the virtio half carries on.
    "<interface type='hostdev'><mac address='52:54:00:00:00:01'/><teaming type='transient' persistent='ua-0'/></interface>",
    "<hostdev mode='subsystem' type='pci'><source/><teaming type='transient' persistent='ua-0'/></hostdev>",
    "<disk type='file' device='disk'><source file='/srv/a'/><target dev='vda'/></disk>",
    "<interface type='bridge'><source bridge='br0'/></interface>",
  ])
    t.strictSame(found(xml), [], xml);
  t.end();
});

void t.test("libvirt's own refusal says whether it passes", (t) => {
  const causeOf = (code: number, message: string): string =>
    obstacleOf(new LibvirtError(code, 10, 2, message)).causeCode;
  const invalid = ErrorCode.operationInvalid;
  t.equal(causeOf(invalid, 'domain has active block job'), 'MIGRATION_CAUSE_VM_BUSY');
  t.equal(
    causeOf(invalid, 'another migration job is already running for the domain'),
    'MIGRATION_CAUSE_VM_BUSY',
  );
  t.equal(causeOf(ErrorCode.operationTimeout, 'cannot acquire state change lock'), 'MIGRATION_CAUSE_VM_BUSY');
  t.equal(causeOf(ErrorCode.migrateUnsafe, 'Unsafe migration'), 'MIGRATION_CAUSE_STORAGE_UNSAFE');
  t.equal(
    causeOf(
      invalid,
      "cannot migrate domain: Migration is disabled when using feature 'peer mode' in device 'ivshmem'",
    ),
    'MIGRATION_CAUSE_DEVICE_NOT_MIGRATABLE',
  );
  t.end();
});
