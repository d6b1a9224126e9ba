// Renders one VM, as libvirt reports it, as a list of labels and values.
import type { Vm, VmConsole, VmDisk, VmNic } from '../../shared/gen/agent.ts';
import type { MoveObstacle, VmMetadata } from '../../shared/gen/telemetry.ts';
import { bytes, date, duration } from './format.ts';
import { paint, plain, wrap, type View } from './view.ts';
import { word, words } from './words.ts';

// The longest label and two spaces.
const LABEL_WIDTH = 13;

/** Everything known about the VM; labels without a value are left out. */
export function vmSheet(view: View, vm: Vm, hostName: string, obstacles: readonly MoveObstacle[]): string {
  const role = word(vm.migrationRole);
  const rows: readonly Row[] = [
    ['name', vm.name],
    ['uuid', vm.uuid],
    ['host', hostName],
    ['state', role === '' ? words(vm.state) : `${words(vm.state)}, ${role} migration`],
    ['defined', vm.persistent ? '' : 'no: it disappears once it is off'],
    ['autostart', vm.autostart ? 'starts with its host' : ''],
    ['vcpus', String(vm.vcpus)],
    ['memory', bytes(view, vm.memoryMaxBytes)],
    ...vm.disks.map((disk): Row => [disk.cdrom ? 'cd-rom' : 'disk', diskText(view, disk)]),
    ...vm.nics.map((nic): Row => ['network', nicText(nic)]),
    ...consolesOf(vm).map((each): Row => ['console', `${consoleText(each)} of ${hostName}`]),
    ['machine', vm.machineType],
    ['firmware', firmwareText(vm)],
    ['system', vm.osFamily],
    ...(vm.metadata === null ? [] : metadataRows(vm.metadata)),
    [
      'not checked',
      vm.qemuElements.length === 0
        ? ''
        : `${vm.qemuElements.join(', ')}: what the definition tells QEMU itself, before a migration`,
    ],
    ...obstacles.map(({ reason, cure }): Row => ['cannot move', `${reason}; ${cure}`]),
  ];
  return rows
    .filter(([, text]) => text !== '')
    .map(
      ([label, text]) => paint(view, 'dim', label.padEnd(LABEL_WIDTH)) + wrap(view, plain(text), LABEL_WIDTH),
    )
    .join('\n');
}

type Row = readonly [label: string, text: string];

/** An older agent names the VNC console alone. */
function consolesOf({ consoles, vncAddress }: Vm): readonly VmConsole[] {
  return consoles.length === 0 && vncAddress !== '' ? [{ kind: 'vnc', address: vncAddress }] : consoles;
}

function consoleText({ kind, address }: VmConsole): string {
  return `${kind.replace('-tls', ' over TLS').replace(/^[a-z]+/, (name) => name.toUpperCase())} on ${address}`;
}

function firmwareText({ firmware, secureBoot, tpm }: Vm): string {
  return [firmware, secureBoot ? 'secure boot' : '', tpm ? 'TPM' : '']
    .filter((part) => part !== '')
    .join(', ');
}

function metadataRows({ owner, purpose, expiresAtMs, rules }: VmMetadata): Row[] {
  const downtimeMaxMs = rules?.downtimeMaxMs ?? 0;
  return [
    ['owner', owner],
    ['purpose', purpose],
    ['expires', expiresAtMs === 0 ? '' : date(expiresAtMs)],
    ['balancing', rules?.neverMove === true ? 'never moved by evenkeel itself' : ''],
    ['post-copy', rules?.postCopy === true ? 'allowed when nothing else helps' : ''],
    ['downtime', downtimeMaxMs === 0 ? '' : `at most ${duration(downtimeMaxMs)} in a migration`],
  ];
}

function diskText(view: View, disk: VmDisk): string {
  const where = disk.pool === '' ? disk.source : `${disk.pool}/${disk.volume}`;
  const size = disk.capacityBytes === 0 ? '' : `, ${bytes(view, disk.capacityBytes)}`;
  return `${disk.device}: ${where === '' ? 'empty' : where}${disk.format === '' ? '' : `, ${disk.format}`}${size}`;
}

function nicText(nic: VmNic): string {
  const { mac, network, portgroup, vlans } = nic;
  const port = network === '' ? portText(nic) : `network ${network}`;
  const given = network === '' ? '' : portText(nic);
  return [
    `${mac}${port === '' ? '' : ` on ${port}`}${given === '' ? '' : ` (${given})`}`,
    portgroup === '' ? '' : `portgroup ${portgroup}`,
    vlans.length === 0 ? '' : `VLAN ${vlans.join(' and ')}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** What it is plugged into. An agent of before kinds were told leaves them out. */
function portText({ kind, bridge, device, macvtapMode, virtualPort }: VmNic): string {
  if (bridge !== '') return `${virtualPort === 'openvswitch' ? 'Open vSwitch ' : ''}bridge ${bridge}`;
  if (device !== '') return `interface ${device} as macvtap, mode ${macvtapMode}`;
  return ['', 'bridge', 'network', 'direct'].includes(kind) ? '' : `${kind} device`;
}
