// Finds what keeps a running VM on its host whatever the target: devices, storage, addresses of the host. Pure.
//
// libvirt and QEMU refuse some of these themselves (qemuMigrationSrcIsAllowed in qemu_migration.c); the others they would
// begin to copy, and fail, or the guest would go on with another device of the same name.
import { posix } from 'node:path';
import type { MoveObstacle } from '../../../shared/gen/telemetry.ts';
import type { StorageSource, VmDefinition } from '../../vm/definition.ts';
import { attribute, find, findAll, type XmlElement } from '../../vm/xml-text.ts';
import { sourceKey, type Identities } from './storage-identity.ts';

type DeviceSource = Pick<VmDefinition, 'devices' | 'disks' | 'nics' | 'nvram' | 'launchSecurity'>;

/** All obstacles that the live definition shows, the hardest to remove first; `identities` are those of its storage on its host. */
export function obstaclesOf(vm: DeviceSource, identities: Identities): MoveObstacle[] {
  return [...fixedDevices(vm), ...fixedStorage(vm, identities), ...boundAddresses(vm.devices)];
}

function obstacle(causeCode: MoveObstacle['causeCode'], reason: string, cure: string): MoveObstacle {
  return { causeCode, reason, cure };
}

const DETACH = 'detach it, or set the rule never_move';

function fixedDevices({ devices, nics, disks, launchSecurity }: DeviceSource): MoveObstacle[] {
  const inDevices = (name: string): readonly XmlElement[] => findAll(devices, name);
  const fixed = [
    ...inDevices('hostdev').filter(staysPluggedIn).map(hostDevice),
    ...inDevices('filesystem').map(
      (each) => `the shared folder ${attribute(find(each, 'source'), 'dir') ?? ''}`,
    ),
    ...inDevices('shmem')
      .filter((each) => attribute(each, 'role') !== 'master')
      .map((each) => `the shared memory ${attribute(each, 'name') ?? ''}`),
    ...inDevices('tpm')
      .filter((each) => attribute(find(each, 'backend'), 'type') === 'passthrough')
      .map(() => "the host's TPM"),
    ...inDevices('smartcard')
      .filter((each) => attribute(each, 'mode')?.startsWith('host') === true)
      .map(() => "the host's smart card"),
    ...inDevices('input')
      .filter((each) => ['passthrough', 'evdev'].includes(attribute(each, 'type') ?? ''))
      .map((each) => `the input device ${inputOf(each)}`),
    ...CHARACTER_DEVICES.flatMap(inDevices)
      .filter((each) => attribute(each, 'type') === 'dev')
      .map((each) => `${each.name} on the host's ${attribute(find(each, 'source'), 'path') ?? ''}`),
    ...nics
      .filter(({ kind, isUnplugged }) => FIXED_NICS.includes(kind) && !isUnplugged)
      .map(({ kind, mac }) => `${kind} interface ${mac}`),
    ...disks.filter(({ transient }) => transient).map(({ device }) => `transient disk ${device}`),
    ...(launchSecurity === undefined ? [] : [`memory that only this processor can read (${launchSecurity})`]),
  ];
  return fixed.map((what) =>
    obstacle('MIGRATION_CAUSE_DEVICE_NOT_MIGRATABLE', `a device stays on its host: ${what}`, DETACH),
  );
}

const FIXED_NICS: readonly string[] = ['hostdev', 'vdpa'];
const CHARACTER_DEVICES: readonly string[] = ['serial', 'parallel', 'console', 'channel'];

/** libvirt itself unplugs the passed-through half of a pair before it copies (https://libvirt.org/formatdomain.html, teaming). */
function staysPluggedIn(hostdev: XmlElement): boolean {
  return attribute(find(hostdev, 'teaming'), 'type') !== 'transient';
}

function hostDevice(hostdev: XmlElement): string {
  const source = find(hostdev, 'source');
  const address = find(source, 'address');
  const parts = ['domain', 'bus', 'slot', 'function', 'uuid', 'device']
    .map((name) => attribute(address, name))
    .filter((part) => part !== undefined);
  return `hostdev ${[attribute(hostdev, 'type') ?? '', parts.join(':')].join(' ').trim()}`;
}

function inputOf(input: XmlElement): string {
  const source = find(input, 'source');
  return attribute(source, 'evdev') ?? attribute(source, 'dev') ?? '';
}

const FIXED_KINDS: readonly string[] = ['nvme', 'vhostvdpa', 'dir'];

/** Why the guest would lose this storage, or go on with other data, on another host; undefined when it can move. */
function whySourceStays(storage: StorageSource, identities: Identities): string | undefined {
  const { kind, source } = storage;
  if (FIXED_KINDS.includes(kind)) return `is of type ${kind}, which stays on its host`;
  if (source === '') return undefined;
  return isDevice(storage) && !identities.has(sourceKey(storage))
    ? `is on ${source}, and nothing proves that this is the same device on both hosts`
    : undefined;
}

/** Under /dev the declared type does not matter: QEMU also opens a device that is declared as a file. */
export function isDevice({ kind, source }: StorageSource): boolean {
  return kind === 'block' || (kind === 'file' && posix.normalize(source).startsWith('/dev/'));
}

function fixedStorage({ disks, nvram }: DeviceSource, identities: Identities): MoveObstacle[] {
  const obstacles = (what: string, cdrom: boolean, sources: readonly StorageSource[]): MoveObstacle[] =>
    sources.flatMap((source) => {
      const why = whySourceStays(source, identities);
      return why === undefined ? [] : [storageObstacle(`${what} ${why}`, cdrom)];
    });
  return [
    ...(nvram === undefined ? [] : obstacles('the file of UEFI variables', false, [nvram])),
    ...disks.flatMap(({ device, cdrom, sources }) => obstacles(`disk ${device}`, cdrom, sources)),
  ];
}

/** For a medium that can be ejected the cure is another. */
export function storageObstacle(reason: string, cdrom: boolean): MoveObstacle {
  return obstacle(
    'MIGRATION_CAUSE_STORAGE_UNSAFE',
    reason,
    cdrom
      ? 'eject the medium, or use an ISO file on shared storage'
      : 'move its data to a file on storage that both hosts have mounted or to a network disk; else shut the VM down and move it by hand',
  );
}

/** QEMU on another host could not listen on an address that only this host has. */
function boundAddresses(devices: XmlElement | undefined): MoveObstacle[] {
  const graphics = findAll(devices, 'graphics').flatMap((each) =>
    findAll(each, 'listen')
      // A listener on a network gets the address of that network on the other host.
      .filter((listen) => attribute(listen, 'type') === 'address')
      .map((listen) => ({
        what: `${attribute(each, 'type') ?? ''} console`,
        at: attribute(listen, 'address'),
      })),
  );
  const characters = CHARACTER_DEVICES.flatMap((name) => findAll(devices, name)).flatMap((each) =>
    findAll(each, 'source')
      .filter((source) => attribute(source, 'mode') === 'bind')
      .map((source) => ({ what: each.name, at: attribute(source, 'host') })),
  );
  return [...graphics, ...characters].flatMap(({ what, at }) =>
    at === undefined || isOnEveryHost(at)
      ? []
      : [
          obstacle(
            'MIGRATION_CAUSE_DEVICE_NOT_MIGRATABLE',
            `its ${what} listens on ${at}, an address of this host alone`,
            'let it listen on 0.0.0.0, on 127.0.0.1 or on a network, and restart the VM',
          ),
        ],
  );
}

function isOnEveryHost(address: string): boolean {
  return ['', '0.0.0.0', '::', '::1', 'localhost'].includes(address) || address.startsWith('127.');
}
