// The files that make a lab host a host of its own: pure text, written into its root before it boots.
import { emulatorPath, emulatorScript } from './emulator.ts';
import { bridge, hostBridge, hosts, leases, pool, type LabHost } from '../topology.ts';

/** A file, one that can be run, or a symbolic link, by its path in the host. */
export type HostFile =
  | { readonly kind: 'file'; readonly path: string; readonly content: string }
  | { readonly kind: 'program'; readonly path: string; readonly content: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** Where the host finds lxcfs (the place its documentation uses) and the evenkeel code. */
export const lxcfsFolder = '/var/lib/lxcfs';
/** Where the host finds the folder with its /proc/stat, on machines where lxcfs has none. */
export const statFolder = '/var/lib/evenkeel-stat';
export const codeFolder = '/usr/lib/evenkeel';

/**
 * Folders of the machine that the host must not see as they are: it gets its own, empty but for the files below. Units
 * among them: what a host runs is what is listed here, not what happens to be installed on the machine.
 */
export const ownFolders = [
  '/etc/libvirt',
  '/etc/evenkeel',
  '/etc/systemd/system',
  '/etc/systemd/network',
  '/etc/init.d',
  '/var/lib/libvirt',
  '/var/cache/libvirt',
  '/var/log/libvirt',
  '/var/log/journal',
] as const;

/** /proc files that lxcfs serves per container. */
const ownProcFiles = ['cpuinfo', 'loadavg', 'meminfo', 'stat', 'swaps', 'uptime'] as const;

/** What to mount where so that /proc shows the host alone; with `ownStat`, /proc/stat is cpu-view's. */
export function ownProc(ownStat: boolean): (readonly [source: string, target: string])[] {
  return ownProcFiles.map((name) => [
    name === 'stat' && ownStat ? `${statFolder}/stat` : `${lxcfsFolder}/proc/${name}`,
    `/proc/${name}`,
  ]);
}

const systemUnits = '/usr/lib/systemd/system';

const wants = {
  'multi-user.target': ['libvirtd.service', 'systemd-networkd.service'],
  'sockets.target': [
    'libvirtd.socket',
    'libvirtd-ro.socket',
    'libvirtd-admin.socket',
    'libvirtd-tcp.socket',
    'virtlockd.socket',
    'virtlogd.socket',
    'systemd-networkd.socket',
  ],
} as const;

/**
 * Units that systemd pulls in by itself and that a container sharing its kernel must not run: they would set up the
 * machine's devices, kernel settings and debugging file systems again, or ask for a login on the console.
 */
const masked = [
  'console-getty.service',
  'getty.target',
  'kmod-static-nodes.service',
  'proc-sys-fs-binfmt_misc.automount',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'systemd-binfmt.service',
  'systemd-firstboot.service',
  'systemd-machine-id-commit.service',
  'systemd-modules-load.service',
  'systemd-sysctl.service',
  'systemd-udev-trigger.service',
  'systemd-udevd-control.socket',
  'systemd-udevd-kernel.socket',
  'systemd-udevd.service',
] as const;

export function hostFiles(host: LabHost, ownStat: boolean): HostFile[] {
  return [
    file('/etc/hostname', `${host.name}\n`),
    file('/etc/machine-id', `${host.machineId}\n`),
    file('/etc/hosts', hostsFile()),
    // The machine's file systems are not the host's.
    file('/etc/fstab', ''),
    file('/etc/crypttab', ''),
    ...networkFiles(host),
    ...unitFiles(host, ownStat),
    ...libvirtFiles(host),
    { kind: 'program', path: emulatorPath, content: emulatorScript },
  ];
}

function hostsFile(): string {
  const names = [`${bridge.address} control`, ...hosts.map(({ address, name }) => `${address} ${name}`)];
  return `127.0.0.1 localhost\n${names.join('\n')}\n`;
}

/** host0, the container's end of the cable, is a port of the bridge; the bridge has the address and takes the guests' taps. */
function networkFiles(host: LabHost): HostFile[] {
  const folder = '/etc/systemd/network';
  return [
    // Without the wait for loops that STP makes, a guest's first packet passes at once.
    file(
      `${folder}/10-${hostBridge}.netdev`,
      `[NetDev]\nName=${hostBridge}\nKind=bridge\n[Bridge]\nSTP=no\nForwardDelaySec=0\nMulticastSnooping=no\n`,
    ),
    // Sorts before systemd's own 80-container-host0.network, which would ask for DHCP.
    file(`${folder}/10-host0.network`, `[Match]\nName=host0\n[Network]\nBridge=${hostBridge}\n`),
    file(
      `${folder}/10-${hostBridge}.network`,
      `[Match]\nName=${hostBridge}\n[Network]\nAddress=${host.address}/${bridge.prefixLength}\n` +
        `Gateway=${bridge.address}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n`,
    ),
  ];
}

function unitFiles(host: LabHost, ownStat: boolean): HostFile[] {
  const folder = '/etc/systemd/system';
  const enabled = Object.entries(wants).flatMap(([target, units]) =>
    units.map((unit) => link(`${folder}/${target}.wants/${unit}`, `${systemUnits}/${unit}`)),
  );
  return [
    link(`${folder}/default.target`, `${systemUnits}/multi-user.target`),
    ...enabled,
    ...masked.map((unit) => link(`${folder}/${unit}`, '/dev/null')),
    file(`${folder}/evenkeel-lab-view.service`, viewUnit(ownStat)),
    link(`${folder}/sysinit.target.wants/evenkeel-lab-view.service`, `${folder}/evenkeel-lab-view.service`),
    // FreeBind: the socket may be opened before networkd has given the bridge its address.
    file(
      `${folder}/libvirtd-tcp.socket.d/lab.conf`,
      `[Socket]\nListenStream=\nListenStream=${host.address}:16509\nFreeBind=yes\n`,
    ),
    // libvirtd stays: a daemon that leaves after two idle minutes would make every measurement start cold.
    file('/etc/default/libvirtd', 'LIBVIRTD_ARGS=\n'),
  ];
}

/** Binding single lxcfs files from outside fails with ENOENT (FUSE), so the host does it, before anything reads them. */
function viewUnit(ownStat: boolean): string {
  const mounts = ownProc(ownStat).map(
    ([source, target]) => `ExecStart=/usr/bin/mount --bind ${source} ${target}\n`,
  );
  return (
    `[Unit]\nDescription=Processors, memory and uptime of this host alone\nDefaultDependencies=no\n` +
    `Before=sysinit.target\n[Service]\nType=oneshot\nRemainAfterExit=yes\n${mounts.join('')}`
  );
}

const qemuConfPath = '/etc/libvirt/qemu.conf';
const qemuConf =
  `user = "root"\ngroup = "root"\nsecurity_driver = "none"\ncgroup_controllers = []\nnamespaces = []\n` +
  `stdio_handler = "file"\n`;

function libvirtFiles(host: LabHost): HostFile[] {
  const storage = '/etc/libvirt/storage';
  return [
    // Plain TCP: the network is this machine's own bridge. Names and settings for TLS belong here when the lab has it.
    file(
      '/etc/libvirt/libvirtd.conf',
      `host_uuid = "${host.uuid}"\nauth_tcp = "none"\nauth_unix_rw = "polkit"\nunix_sock_group = "libvirt"\n`,
    ),
    // A container cannot make cgroups or namespaces for QEMU the way a machine can; virtlogd is kept out of the
    // guests' way, so that only libvirtd and QEMU are needed for a guest to run.
    file(qemuConfPath, qemuConf),
    file(`${storage}/${pool.name}.xml`, poolXml()),
    link(`${storage}/autostart/${pool.name}.xml`, `${storage}/${pool.name}.xml`),
  ];
}

/** With virtlockd for the leases of VMs and for their disks (libvirt.org/kbase/locking-lockd.html). */
export function leaseFiles(): HostFile[] {
  return [
    file(qemuConfPath, `${qemuConf}lock_manager = "lockd"\n`),
    // libvirt declares the lockspace to virtlockd only together with leases for disks, which then are in it too.
    file(
      '/etc/libvirt/qemu-lockd.conf',
      `auto_disk_leases = 1\nrequire_lease_for_disks = 0\nfile_lockspace_dir = "${leases.path}/${leases.lockspace}"\n`,
    ),
  ];
}

function poolXml(): string {
  return (
    `<pool type='dir'>\n  <name>${pool.name}</name>\n  <uuid>${pool.uuid}</uuid>\n` +
    `  <source/>\n  <target><path>${pool.path}</path></target>\n</pool>\n`
  );
}

function file(path: string, content: string): HostFile {
  return { kind: 'file', path, content };
}

function link(path: string, target: string): HostFile {
  return { kind: 'link', path, target };
}
