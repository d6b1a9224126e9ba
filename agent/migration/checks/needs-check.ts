// Checks on the target what a VM needs of its host besides storage and networks: files, secrets, a TPM emulator.
import { posix } from 'node:path';
import type { WaitOptions } from '../../../shared/clock.ts';
import type { CheckRefusal } from '../../../shared/gen/agent.ts';
import type { Connection } from '../../libvirt/connection.ts';
import { ErrorCode } from '../../libvirt/constants.ts';
import { isLibvirtError, LibvirtError } from '../../libvirt/errors.ts';
import { getDomainCapabilities } from '../../libvirt/node.ts';
import { lookupSecretByUsage, lookupSecretByUuid } from '../../libvirt/secret.ts';
import type { VmDefinition } from '../../vm/definition.ts';
import { attribute, find, findAll, parseXml, type XmlElement } from '../../vm/xml-text.ts';
import type { Identify } from './storage-identity.ts';

type Needy = Pick<VmDefinition, 'os' | 'devices' | 'architecture' | 'machineType' | 'domainType'>;

/** One refusal for each thing that this host lacks. */
export async function checkNeeds(
  connection: Connection,
  vm: Needy,
  identify: Identify,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const [files, secrets, tpm] = await Promise.all([
    checkFiles(vm, identify, wait),
    checkSecrets(connection, vm, wait),
    checkTpm(connection, vm, wait),
  ]);
  return [...files, ...secrets, ...tpm];
}

function lacking(reason: string, cure: string): CheckRefusal {
  return { causeCode: 'MIGRATION_CAUSE_HOST_LACKS', reason, cure };
}

export interface NeededPath {
  readonly what: string;
  readonly path: string;
}

async function checkFiles(vm: Needy, identify: Identify, wait: WaitOptions): Promise<CheckRefusal[]> {
  const needed = neededPaths(vm);
  const found = await identify([...new Set(needed.map(({ path }) => path))], wait);
  return needed
    .filter(({ path }) => !found.has(path))
    .map(({ what, path }) =>
      lacking(`${what}, ${path}, is not here`, 'copy it here, or install what it belongs to'),
    );
}

/** libvirt makes these anew on each host. */
function isMadeByLibvirt(path: string): boolean {
  return /^\/(var\/(lib|run|log)|run)\/libvirt\/qemu\//.test(path);
}

/** Files that QEMU opens, and folders in which it makes one; their contents are not the guest's data. */
export function neededPaths(vm: Pick<Needy, 'os' | 'devices'>): NeededPath[] {
  return namedPaths(vm).filter(({ path }) => path.startsWith('/') && !isMadeByLibvirt(path));
}

function namedPaths({ os, devices }: Pick<Needy, 'os' | 'devices'>): NeededPath[] {
  const ofOs = ['loader', 'kernel', 'initrd', 'dtb'].flatMap((name) =>
    findAll(os, name).map((each) => ({ what: `its ${name}`, path: each.text })),
  );
  const tables = findAll(find(os, 'acpi'), 'table').map(({ text }) => ({
    what: 'its ACPI table',
    path: text,
  }));
  const needed = [...ofOs, ...tables];
  const add = (what: string, path: string | undefined): void => {
    if (path !== undefined) needed.push({ what, path });
  };
  for (const device of devices?.children ?? []) {
    add(`the ROM of its ${device.name}`, attribute(find(device, 'rom'), 'file'));
    const log = attribute(find(device, 'log'), 'file');
    if (log !== undefined) add(`the folder of a log of its ${device.name}`, posix.dirname(log));
    add(`the GPU of its ${device.name}`, attribute(find(device, 'gl'), 'rendernode'));
    if (device.name === 'rng') add('the source of its random numbers', find(device, 'backend')?.text);
    if (CHARACTER_DEVICES.includes(device.name))
      for (const path of ofCharacterDevice(device)) needed.push(path);
    needed.push(...ofVhostUser(device), ...ofConsole(device));
    if (device.name === 'memory')
      add(`the file of its ${attribute(device, 'model') ?? ''}`, find(device, 'source', 'path')?.text);
    if (device.name === 'disk' && attribute(device, 'type') === 'vhostuser')
      add('the socket of a disk', attribute(find(device, 'source'), 'path'));
  }
  return needed;
}

const CHARACTER_DEVICES: readonly string[] = ['serial', 'parallel', 'console', 'channel'];

function ofCharacterDevice(device: XmlElement): NeededPath[] {
  const source = find(device, 'source');
  const path = attribute(source, 'path');
  if (path === undefined) return [];
  const type = attribute(device, 'type');
  if (type === 'file')
    return [{ what: `the folder of the file of its ${device.name}`, path: posix.dirname(path) }];
  if (type === 'pipe') return [{ what: `the pipe of its ${device.name}`, path }];
  if (type !== 'unix') return [];
  const dialled = socketDialled(source, 'connect');
  return dialled === undefined
    ? [{ what: `the folder of the socket of its ${device.name}`, path: posix.dirname(path) }]
    : [{ what: `the socket of its ${device.name}`, path: dialled }];
}

/** The socket of another program; as a server QEMU makes it itself. */
function ofVhostUser(device: XmlElement): NeededPath[] {
  const source = find(device, 'source');
  const path = attribute(source, 'path');
  if (attribute(device, 'type') !== 'vhostuser' || path === undefined) return [];
  return attribute(source, 'mode') === 'server'
    ? [{ what: `the folder of the socket of its ${device.name}`, path: posix.dirname(path) }]
    : [{ what: `the socket of its ${device.name}`, path }];
}

function ofConsole(device: XmlElement): NeededPath[] {
  if (device.name !== 'graphics') return [];
  const listens = findAll(device, 'listen');
  // What a person writes may name it without a listener.
  return (listens.length === 0 ? [device] : listens).flatMap((each) => {
    const socket = attribute(each, 'socket');
    return socket === undefined
      ? []
      : [{ what: 'the folder of the socket of its console', path: posix.dirname(socket) }];
  });
}

function socketDialled(source: XmlElement | undefined, dials: string): string | undefined {
  return attribute(source, 'mode') === dials ? attribute(source, 'path') : undefined;
}

async function checkSecrets(
  connection: Connection,
  { devices }: Needy,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const refusals: CheckRefusal[] = [];
  const asked = new Set<string>();
  for (const secret of (devices?.children ?? []).flatMap(secretsIn)) {
    const type = attribute(secret, 'type') ?? '';
    const [uuid, usage] = [attribute(secret, 'uuid'), attribute(secret, 'usage')];
    const name = uuid ?? usage;
    if (name === undefined || asked.has(name)) continue;
    asked.add(name);
    const work =
      uuid === undefined
        ? lookupSecretByUsage(connection, type, name, wait)
        : lookupSecretByUuid(connection, uuid, wait);
    if (await isThere(work)) continue;
    refusals.push(
      lacking(
        `libvirt here has no secret ${name}`,
        'define it here: "virsh secret-define", "virsh secret-set-value"',
      ),
    );
  }
  return refusals;
}

/** At any depth: of a disk, its backing chain, its encryption, a TPM. */
function secretsIn(element: XmlElement): XmlElement[] {
  return element.children.flatMap((child) => (child.name === 'secret' ? [child] : secretsIn(child)));
}

/** True as well where libvirt's daemon for VMs cannot tell, since another one keeps the secrets. */
async function isThere(lookUp: Promise<void>): Promise<boolean> {
  try {
    await lookUp;
    return true;
  } catch (error) {
    if (isLibvirtError(error, ErrorCode.noSecret)) return false;
    if (error instanceof LibvirtError) return true;
    throw error;
  }
}

async function checkTpm(connection: Connection, vm: Needy, wait: WaitOptions): Promise<CheckRefusal[]> {
  const isEmulated = findAll(vm.devices, 'tpm').some(
    (tpm) => attribute(find(tpm, 'backend'), 'type') === 'emulator',
  );
  if (!isEmulated) return [];
  const question = { arch: vm.architecture, machine: vm.machineType, virtType: vm.domainType };
  const text = await capabilitiesOf(connection, question, wait);
  if (text === undefined) return [];
  const backends = findAll(find(parseXml(text), 'devices', 'tpm'), 'enum').find(
    (each) => attribute(each, 'name') === 'backendModel',
  );
  const hasEmulator = findAll(backends, 'value').some((value) => value.text === 'emulator');
  return hasEmulator ? [] : [lacking('this host has no TPM emulator', 'install swtpm and swtpm-tools here')];
}

/** Undefined for a machine that this host does not know, which another check says. */
async function capabilitiesOf(
  connection: Connection,
  question: { readonly arch: string; readonly machine: string; readonly virtType: string },
  wait: WaitOptions,
): Promise<string | undefined> {
  try {
    return await getDomainCapabilities(connection, question, wait);
  } catch (error) {
    if (error instanceof LibvirtError) return undefined;
    throw error;
  }
}
