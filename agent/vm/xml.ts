// Builds domain and volume XML for libvirt from a plan in which everything is resolved: paths, MAC addresses, CPU, firmware.
import type { VmMetadata } from '../../shared/gen/telemetry.ts';
import { KIB } from '../../shared/units.ts';
import { sourceTree, type DiskSource } from './disk-source.ts';
import { metadataTree } from './metadata.ts';
import { buildXml, type XmlTree } from './xml-text.ts';

export type OsKind = 'linux' | 'windows' | 'other';

/** Everything a domain is made of. */
export interface VmPlan {
  readonly uuid: string;
  readonly name: string;
  readonly domainType: 'kvm' | 'qemu';
  readonly architecture: string;
  readonly cpu: CpuPlan;
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly firmware: 'bios' | 'uefi';
  readonly os: OsKind;
  readonly disks: readonly DiskPlan[];
  /** An installation image. */
  readonly iso: DiskSource | undefined;
  readonly nics: readonly NicPlan[];
  readonly metadata: VmMetadata;
  readonly headless: boolean;
}

/** host-model: what the host offers, named by libvirt so that it can migrate. named: the same model on every host. */
export type CpuPlan =
  | { readonly kind: 'host-model' }
  | { readonly kind: 'hypervisor-default' }
  | {
      readonly kind: 'named';
      readonly model: string;
      readonly features: readonly { readonly name: string; readonly policy: 'require' | 'disable' }[];
    };

export interface DiskPlan {
  readonly source: DiskSource;
  readonly format: string;
  /** none: past the page cache of the host, which not every file system can do. */
  readonly cache: 'none' | 'writeback';
  /** Several VMs may write to it at once. */
  readonly shareable: boolean;
}

export interface NicPlan {
  /** openvswitch: a bridge of Open vSwitch. */
  readonly kind: 'bridge' | 'openvswitch' | 'network' | 'macvtap';
  readonly name: string;
  /** Of the network; empty for its default. */
  readonly portgroup: string;
  /** Of the bridge; 0 for none. */
  readonly vlan: number;
  readonly mac: string;
}

/** A volume to be made. */
export interface VolumePlan {
  readonly name: string;
  readonly capacityBytes: number;
  /** Undefined where the pool has only one format, for example LVM. */
  readonly format: 'qcow2' | undefined;
}

// How often the guest's balloon driver reports memory use. The sampler sets it to its own interval.
const BALLOON_STATS_PERIOD_S = 5;

export function volumeXml({ name, capacityBytes, format }: VolumePlan): string {
  return buildXml('volume', {
    name,
    capacity: { '@unit': 'bytes', '#': String(capacityBytes) },
    target: format === undefined ? undefined : { format: { '@type': format }, compat: '1.1' },
  });
}

/** The definition of a VM as an operator would write it: virtio, migratable, with console and guest agent. */
export function domainXml(plan: VmPlan): string {
  return buildXml('domain', {
    '@type': plan.domainType,
    name: plan.name,
    uuid: plan.uuid,
    metadata: metadataTree(plan.metadata, plan.os),
    memory: kibibytes(plan.memoryBytes),
    currentMemory: kibibytes(plan.memoryBytes),
    vcpu: String(plan.vcpus),
    os: osTree(plan),
    features: featuresTree(plan),
    cpu: cpuTree(plan.cpu),
    clock: clockTree(plan),
    on_poweroff: 'destroy',
    on_reboot: 'restart',
    // A crashed guest stays down and shows as crashed; restarting it is the operator's decision.
    on_crash: 'destroy',
    pm: { 'suspend-to-mem': { '@enabled': 'no' }, 'suspend-to-disk': { '@enabled': 'no' } },
    devices: devicesTree(plan),
  });
}

/** Rounded up, so that a VM never gets less than requested. */
function kibibytes(bytes: number): XmlTree {
  return { '@unit': 'KiB', '#': String(Math.ceil(bytes / KIB)) };
}

function osTree({ architecture, firmware }: VmPlan): XmlTree {
  return {
    // libvirt picks a matching firmware image; secure boot is off, since it needs keys and SMM.
    '@firmware': firmware === 'uefi' ? 'efi' : undefined,
    // q35 becomes the newest versioned machine type of this QEMU when defined, and stays that when the VM moves.
    type: { '@arch': architecture, '@machine': 'q35', '#': 'hvm' },
    firmware: firmware === 'uefi' ? { feature: { '@enabled': 'no', '@name': 'secure-boot' } } : undefined,
  };
}

function featuresTree({ os, domainType }: VmPlan): XmlTree {
  return {
    acpi: {},
    apic: {},
    // Windows uses these for spinlocks and timers instead of emulated hardware; TCG supports none of them.
    hyperv:
      os === 'windows' && domainType === 'kvm'
        ? {
            relaxed: { '@state': 'on' },
            vapic: { '@state': 'on' },
            spinlocks: { '@state': 'on', '@retries': '8191' },
            vpindex: { '@state': 'on' },
            synic: { '@state': 'on' },
            stimer: { '@state': 'on' },
            reset: { '@state': 'on' },
            frequencies: { '@state': 'on' },
          }
        : undefined,
    vmport: { '@state': 'off' },
  };
}

function cpuTree(cpu: CpuPlan): XmlTree | undefined {
  switch (cpu.kind) {
    case 'hypervisor-default':
      return undefined;
    case 'host-model':
      return { '@mode': 'host-model', '@check': 'partial' };
    case 'named':
      return {
        '@mode': 'custom',
        '@match': 'exact',
        '@check': 'partial',
        model: { '@fallback': 'forbid', '#': cpu.model },
        feature: cpu.features.map(({ name, policy }) => ({ '@policy': policy, '@name': name })),
      };
  }
}

function clockTree({ os, domainType }: VmPlan): XmlTree {
  // virt-manager's choice of timers: catch up lost RTC ticks, and no HPET, which is costly.
  const timers: XmlTree[] = [
    { '@name': 'rtc', '@tickpolicy': 'catchup' },
    { '@name': 'pit', '@tickpolicy': 'delay' },
    { '@name': 'hpet', '@present': 'no' },
  ];
  if (os !== 'windows') return { '@offset': 'utc', timer: timers };
  // Windows keeps local time in the hardware clock.
  if (domainType === 'kvm') timers.push({ '@name': 'hypervclock', '@present': 'yes' });
  return { '@offset': 'localtime', timer: timers };
}

/** True where drivers may be missing: an unknown system, and the Windows installer, which lacks virtio. */
function needsPlainDevices({ os, iso }: VmPlan): boolean {
  return os === 'other' || (os === 'windows' && iso !== undefined);
}

function devicesTree(plan: VmPlan): XmlTree {
  const plain = needsPlainDevices(plan);
  return {
    disk: [...plan.disks.map((disk, index) => diskTree(disk, index, plain)), ...isoTrees(plan)],
    controller: [{ '@type': 'usb', '@model': 'qemu-xhci' }],
    interface: plan.nics.map((nic) => nicTree(nic, plain)),
    serial: { '@type': 'pty', target: { '@port': '0' } },
    console: { '@type': 'pty', target: { '@type': 'serial', '@port': '0' } },
    channel: {
      '@type': 'unix',
      target: { '@type': 'virtio', '@name': 'org.qemu.guest_agent.0' },
    },
    // An absolute pointer, since a relative one drifts away from the cursor over VNC.
    input: plan.headless ? undefined : { '@type': 'tablet', '@bus': 'usb' },
    graphics: plan.headless
      ? undefined
      : {
          '@type': 'vnc',
          '@port': '-1',
          '@autoport': 'yes',
          '@listen': '127.0.0.1',
          listen: { '@type': 'address', '@address': '127.0.0.1' },
        },
    video: plan.headless ? { model: { '@type': 'none' } } : { model: { '@type': 'vga' } },
    memballoon: { '@model': 'virtio', stats: { '@period': String(BALLOON_STATS_PERIOD_S) } },
    rng: { '@model': 'virtio', backend: { '@model': 'random', '#': '/dev/urandom' } },
  };
}

function diskTree({ source, format, cache, shareable }: DiskPlan, index: number, plain: boolean): XmlTree {
  return {
    '@type': source.kind,
    '@device': 'disk',
    // cache=none: libvirt considers a migration over shared storage safe only when no host page cache holds guest data.
    driver: { '@name': 'qemu', '@type': format, '@cache': cache, '@discard': 'unmap' },
    source: sourceTree(source),
    target: plain
      ? { '@dev': device('sd', index), '@bus': 'sata' }
      : { '@dev': device('vd', index), '@bus': 'virtio' },
    shareable: shareable ? {} : undefined,
    boot: index === 0 ? { '@order': '1' } : undefined,
  };
}

/** After the first disk in boot order: an empty disk falls through to the installer, an installed one does not. */
function isoTrees(plan: VmPlan): XmlTree[] {
  const { iso, disks } = plan;
  if (iso === undefined) return [];
  const plain = needsPlainDevices(plan);
  return [
    {
      '@type': iso.kind,
      '@device': 'cdrom',
      driver: { '@name': 'qemu', '@type': 'raw' },
      source: sourceTree(iso),
      target: { '@dev': device('sd', plain ? disks.length : 0), '@bus': 'sata' },
      readonly: {},
      boot: { '@order': disks.length === 0 ? '1' : '2' },
    },
  ];
}

/** "vda", "vdb"…: callers stay below 26. */
export function device(prefix: string, index: number): string {
  return `${prefix}${String.fromCharCode('a'.charCodeAt(0) + index)}`;
}

function nicTree(nic: NicPlan, plain: boolean): XmlTree {
  const { kind, vlan, mac } = nic;
  return {
    '@type': kind === 'macvtap' ? 'direct' : kind === 'network' ? 'network' : 'bridge',
    mac: { '@address': mac },
    source: nicSource(nic),
    // libvirt adds an interface id, which the port keeps when the VM moves.
    virtualport: kind === 'openvswitch' ? { '@type': 'openvswitch' } : undefined,
    vlan: vlan === 0 ? undefined : { tag: { '@id': String(vlan) } },
    model: { '@type': plain ? 'e1000e' : 'virtio' },
  };
}

function nicSource({ kind, name, portgroup }: NicPlan): XmlTree {
  switch (kind) {
    case 'bridge':
    case 'openvswitch':
      return { '@bridge': name };
    case 'network':
      return { '@network': name, '@portgroup': portgroup === '' ? undefined : portgroup };
    case 'macvtap':
      return { '@dev': name, '@mode': 'bridge' };
  }
}
