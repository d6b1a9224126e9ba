// Makes the files that set up a lab host, written into its root before it boots (pure).
import { emulatorPath, emulatorScript } from './emulator.ts';
import { bridge, hostBridge, hosts, leases, pool, type LabHost } from '../topology.ts';

/** A file, an executable file or a symbolic link, by its path in the host. */
export type HostFile =
  | { readonly kind: 'file'; readonly path: string; readonly content: string }
  | { readonly kind: 'program'; readonly path: string; readonly content: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** Folders in the host: lxcfs (at the path that its documentation uses) and the evenkeel code. */
export const lxcfsFolder = '/var/lib/lxcfs';
/** The folder in the host with its /proc/stat, where lxcfs has none. */
export const statFolder = '/var/lib/evenkeel-stat';
export const codeFolder = '/usr/lib/evenkeel';

/**
 * Folders of the machine that the host must not see: it gets its own, empty but for the files below. This includes
 * units: a host runs what is listed here, not what happens to be installed on the machine.
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

/** The mounts that make /proc show the host alone; with `ownStat`, cpu-view provides /proc/stat. */
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
 * Units that systemd starts by default but that a container must not run, since it shares the machine's kernel: they
 * would set up the machine's devices, kernel settings and debugging file systems again, or a login on the console.
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
    // The host does not mount the machine's file systems.
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

/** host0, the container's end of the veth pair, is a port of the bridge, which has the address and takes the guests' taps. */
function networkFiles(host: LabHost): HostFile[] {
  const folder = '/etc/systemd/network';
  return [
    // No STP, whose wait for loops would delay a guest's first packet.
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
    // FreeBind: the socket may open before networkd has set the bridge's address.
    file(
      `${folder}/libvirtd-tcp.socket.d/lab.conf`,
      `[Socket]\nListenStream=\nListenStream=${host.address}:16509\nFreeBind=yes\n`,
    ),
    // libvirtd keeps running: if it exited after two idle minutes, every measurement would start cold.
    file('/etc/default/libvirtd', 'LIBVIRTD_ARGS=\n'),
  ];
}

/** Bind mounts of single lxcfs files from outside fail with ENOENT (FUSE), so the host makes them, before anything reads them. */
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
    // Plain TCP: the network is this machine's own bridge. For TLS see tls-files.ts.
    file(
      '/etc/libvirt/libvirtd.conf',
      `host_uuid = "${host.uuid}"\nauth_tcp = "none"\nauth_unix_rw = "polkit"\nunix_sock_group = "libvirt"\n`,
    ),
    // A container cannot make cgroups or namespaces for QEMU as a machine can. No virtlogd, so that a guest needs only
    // libvirtd and QEMU to run.
    file(qemuConfPath, qemuConf),
    file(`${storage}/${pool.name}.xml`, poolXml()),
    link(`${storage}/autostart/${pool.name}.xml`, `${storage}/${pool.name}.xml`),
  ];
}

/** Files for virtlockd, which then locks the leases and disks of VMs (libvirt.org/kbase/locking-lockd.html). */
export function leaseFiles(): HostFile[] {
  return [
    file(qemuConfPath, `${qemuConf}lock_manager = "lockd"\n`),
    // libvirt declares the lockspace to virtlockd only together with leases for disks, which then are in it, too.
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
