// Defines the agent's settings, read from /etc/evenkeel/agent.yaml, then from EVENKEEL_… variables.
import type convict from 'convict';
import { refuseLibvirtUri, refuseMigrateUri } from '../shared/libvirt-uri.ts';
import {
  addressAndPort,
  logLevelSchema,
  natsSchema,
  numberBetween,
  tlsSchema,
  wholeNumber,
  type NatsSettings,
  type TlsSettings,
} from '../shared/settings.ts';
import { GIB, MIB } from '../shared/units.ts';
import { telemetrySchema, type TelemetrySettings } from './telemetry/settings.ts';
import type { CpuPlan } from './vm/xml.ts';

export interface AgentSettings extends TelemetrySettings {
  readonly logLevel: string;
  readonly listen: { readonly address: string };
  readonly advertise: AdvertiseSettings;
  readonly tls: TlsSettings;
  readonly nats: NatsSettings;
  readonly libvirt: LibvirtSettings;
  readonly hypervisor: HypervisorSettings;
  readonly migration: MigrationSettings;
  readonly stateDirectory: string;
}

/** Addresses under which others reach this host; the agent finds out empty ones itself. */
export interface AdvertiseSettings {
  readonly address: string;
  readonly libvirtUri: string;
  readonly migrateUri: string;
}

export interface LibvirtSettings {
  readonly uri: string;
  readonly socket: string;
  readonly timeoutMs: number;
}

export interface HypervisorSettings {
  readonly type: 'auto' | 'kvm' | 'qemu';
  readonly cpuModel: string;
}

export interface MigrationSettings {
  readonly unsafe: boolean;
  readonly tls: boolean;
  readonly allowTcp: boolean;
  readonly memoryReserveBytes: number;
  readonly memoryOvercommitRatio: number;
  readonly portMin: number;
  readonly portMax: number;
  readonly tlsDirectory: string;
}

export const agentSchema: convict.Schema<AgentSettings> = {
  logLevel: logLevelSchema,
  listen: {
    address: {
      doc: 'Address on which the agent serves gRPC, "address:port". [::] serves IPv4 and IPv6, 0.0.0.0 IPv4 only. Give the address in the management network to serve only that.',
      format: addressAndPort,
      default: '[::]:7443',
      env: 'EVENKEEL_LISTEN_ADDRESS',
    },
  },
  advertise: {
    address: {
      doc: 'Address or name, without a port, under which schedulers and other hosts reach this host. Empty: that of listen.address; if it listens on all, the one from which this host reaches a NATS server on another host, or else the only address that it has. Where neither can be found the agent does not start.',
      format: addressWithoutPort,
      default: '',
      env: 'EVENKEEL_ADVERTISE_ADDRESS',
    },
    libvirtUri: {
      doc: 'libvirt URI of this host for the libvirt of other hosts. Exactly "qemu+tls://HOST[:PORT]/system"; with migration.allowTcp also "qemu+tcp". Empty: "qemu+tls://ADDRESS/system".',
      format: ownLibvirtUri,
      default: '',
      env: 'EVENKEEL_ADVERTISE_LIBVIRT_URI',
    },
    migrateUri: {
      doc: 'Where QEMU receives the memory of incoming VMs, for example "tcp://10.1.0.11" on a separate network; exactly "tcp://HOST[:PORT]". Empty: "tcp://ADDRESS".',
      format: ownMigrateUri,
      default: '',
      env: 'EVENKEEL_ADVERTISE_MIGRATE_URI',
    },
  },
  tls: tlsSchema,
  nats: natsSchema,
  ...telemetrySchema,
  libvirt: {
    uri: {
      doc: 'libvirt URI of the hypervisor on this host.',
      format: String,
      default: 'qemu:///system',
      env: 'EVENKEEL_LIBVIRT_URI',
    },
    socket: {
      doc: "libvirt's read-write unix socket; with libvirt's modular daemons, /run/libvirt/virtqemud-sock. The agent's user must be in the group libvirt.",
      format: String,
      default: '/run/libvirt/libvirt-sock',
      env: 'EVENKEEL_LIBVIRT_SOCKET',
    },
    timeoutMs: {
      doc: 'Deadline of one call to libvirt, in milliseconds, 1000 to 60000. Copies of volumes and migrations have their own deadlines. Too short: commands on a busy host end as unknown.',
      format: wholeNumber(1_000, 60_000),
      default: 10_000,
      env: 'EVENKEEL_LIBVIRT_TIMEOUT_MS',
    },
  },
  hypervisor: {
    type: {
      doc: 'How new VMs run. kvm: on the hardware. qemu: emulated, slow, for test beds. auto: kvm where libvirt offers it.',
      format: ['auto', 'kvm', 'qemu'],
      default: 'auto',
      env: 'EVENKEEL_HYPERVISOR_TYPE',
    },
    cpuModel: {
      doc: 'CPU of new VMs, the same on all hosts between which VMs are to move: a CPU model of libvirt with changes, for example "Cascadelake-Server-noTSX,-mpx,+md-clear" (see "virsh hypervisor-cpu-baseline"). Empty: the host\'s own model, which an older host may not be able to run.',
      format: cpuModel,
      default: '',
      env: 'EVENKEEL_HYPERVISOR_CPU_MODEL',
    },
  },
  migration: {
    unsafe: {
      doc: "Skip libvirt's check that disks are on shared storage without host cache. For test beds whose shared folder libvirt does not recognise; anywhere else this can destroy a guest's disk.",
      format: Boolean,
      default: false,
      env: 'EVENKEEL_MIGRATION_UNSAFE',
    },
    tls: {
      doc: "Encrypt guests' memory on the network between hosts; needs the certificates of migrate_tls_x509_cert_dir in qemu.conf on all hosts.",
      format: Boolean,
      default: true,
      env: 'EVENKEEL_MIGRATION_TLS',
    },
    allowTcp: {
      doc: 'Accept "qemu+tcp" addresses of other hosts, and advertise one: libvirt then dials without TLS. If true on anything but a closed network, anyone on it can take over the libvirt of these hosts, which means root. If false while other hosts advertise "qemu+tcp", every migration to them is refused.',
      format: Boolean,
      default: false,
      env: 'EVENKEEL_MIGRATION_ALLOW_TCP',
    },
    memoryReserveBytes: {
      doc: "Memory that must stay available on this host besides an incoming VM's own, in bytes, 0 to 1 TiB: for QEMU's overhead and the host itself. Too small: the host swaps after a migration.",
      format: wholeNumber(0, 1024 * GIB),
      default: 256 * MIB,
      env: 'EVENKEEL_MIGRATION_MEMORY_RESERVE_BYTES',
    },
    memoryOvercommitRatio: {
      doc: "Memory that may be allocated to the VMs of this host, as a multiple of the host's memory, 0.1 to 10. Above 1: if all guests use what they were given, the host swaps.",
      format: numberBetween(0.1, 10),
      default: 1,
      env: 'EVENKEEL_MIGRATION_MEMORY_OVERCOMMIT_RATIO',
    },
    portMin: {
      doc: 'First port on which QEMU receives incoming VMs, 1 to 65535; as migration_port_min in qemu.conf. Wrong: a migration is refused although a port is free, or fails because none is.',
      format: wholeNumber(1, 65_535),
      default: 49_152,
      env: 'EVENKEEL_MIGRATION_PORT_MIN',
    },
    portMax: {
      doc: 'Last of these ports, 1 to 65535; as migration_port_max in qemu.conf.',
      format: wholeNumber(1, 65_535),
      default: 49_215,
      env: 'EVENKEEL_MIGRATION_PORT_MAX',
    },
    tlsDirectory: {
      doc: "Folder with QEMU's certificates for migrations, as migrate_tls_x509_cert_dir in qemu.conf; the agent checks their expiry before a migration. Empty: /etc/pki/libvirt-migrate or /etc/pki/qemu.",
      format: String,
      default: '',
      env: 'EVENKEEL_MIGRATION_TLS_DIRECTORY',
    },
  },
  stateDirectory: {
    doc: 'Folder for state that must survive a restart: the migrations under way, and the highest epoch of each VM.',
    format: String,
    default: '/var/lib/evenkeel/agent',
    env: 'EVENKEEL_STATE_DIRECTORY',
  },
};

function addressWithoutPort(value: unknown): void {
  if (typeof value !== 'string' || (value !== '' && !/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)$/.test(value)))
    throw new Error('must be an address or host name without a port; IPv6 in brackets');
}

function ownLibvirtUri(value: unknown): void {
  throwProblem(value === '' ? undefined : refuseLibvirtUri(String(value), true));
}

function ownMigrateUri(value: unknown): void {
  throwProblem(refuseMigrateUri(String(value)));
}

function throwProblem(problem: string | undefined): void {
  if (problem !== undefined) throw new Error(problem);
}

const CPU_MODEL = /^[A-Za-z0-9][A-Za-z0-9._-]*(,[+-][A-Za-z0-9][A-Za-z0-9._-]*)*$/;

function cpuModel(value: unknown): void {
  if (typeof value !== 'string' || (value !== '' && !CPU_MODEL.test(value)))
    throw new Error('must be a CPU model, then ",+feature" or ",-feature" for each change, without spaces');
}

/** The CPU of new VMs: named when set, else what the hypervisor type allows. */
export function cpuPlan(model: string, domainType: 'kvm' | 'qemu'): CpuPlan {
  const [name, ...changes] = model.split(',');
  if (name === undefined || name === '')
    // TCG has no host-model: its default CPU is the same on every host.
    return { kind: domainType === 'kvm' ? 'host-model' : 'hypervisor-default' };
  return {
    kind: 'named',
    model: name,
    features: changes.map((change) => ({
      name: change.slice(1),
      policy: change.startsWith('+') ? ('require' as const) : ('disable' as const),
    })),
  };
}
