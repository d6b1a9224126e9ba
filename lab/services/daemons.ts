// evenkeel's own daemons in the lab: the agent as a unit in each host, the scheduler beside NATS and InfluxDB.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { certificateFolder, readCertificate } from './certificates.ts';
import { fileExists } from '../files.ts';
import { ownProc, type HostFile } from '../hosts/host-files.ts';
import { execInHost, type HostOptions } from '../hosts/host.ts';
import { codeStage, hostsFolder, servicesFolder } from '../paths.ts';
import type { Profile } from '../hosts/profile.ts';
import { acceptsConnections, type Service } from './services.ts';
import { tlsLibvirtUri } from '../hosts/tls-files.ts';
import { bridge, influxUrl, natsUrl, schedulerPort, type LabHost } from '../topology.ts';

const agentUnit = 'evenkeel-agent.service';
const agentMain = 'dist/agent/main.js';
const schedulerMain = 'dist/scheduler/main.js';
/** systemd's own limit for a start is 90 s. */
const agentStartTimeoutMs = 100_000;

/** What a package and an administrator would put on the host: users, the unit, settings and certificates. */
export async function agentFiles(
  host: LabHost,
  { kvm, ownStat, profile }: Pick<HostOptions, 'kvm' | 'ownStat'> & { readonly profile: Profile },
): Promise<HostFile[]> {
  if (!(await fileExists(join(codeStage, agentMain)))) return [];
  const staged = (path: string): Promise<string> => readFile(join(codeStage, 'systemd', path), 'utf8');
  const installed = await Promise.all(
    ['sysusers.d/evenkeel.conf', 'sysusers.d/evenkeel-agent.conf', 'tmpfiles.d/evenkeel.conf'].map(
      async (path) => ({ kind: 'file', path: `/usr/lib/${path}`, content: await staged(path) }) as const,
    ),
  );
  const tls = await readCertificate(host.name);
  const units = '/etc/systemd/system';
  return [
    ...installed,
    { kind: 'file', path: `${units}/${agentUnit}`, content: await staged(agentUnit) },
    { kind: 'file', path: `${units}/${agentUnit}.d/lab-view.conf`, content: agentView(ownStat) },
    { kind: 'link', path: `${units}/multi-user.target.wants/${agentUnit}`, target: `${units}/${agentUnit}` },
    { kind: 'file', path: '/etc/evenkeel/agent.yaml', content: stringify(agentSettings(host, kvm, profile)) },
    { kind: 'file', path: '/etc/evenkeel/tls/ca.pem', content: tls.ca },
    { kind: 'file', path: '/etc/evenkeel/tls/cert.pem', content: tls.cert },
    { kind: 'file', path: '/etc/evenkeel/tls/key.pem', content: tls.key },
  ];
}

/**
 * The unit's own protection of /proc drops what the host has mounted into it (systemd 252): the agent would read the
 * whole machine's load and memory as its host's.
 */
function agentView(ownStat: boolean): string {
  const binds = ownProc(ownStat).map(([source, target]) => `BindReadOnlyPaths=${source}:${target}\n`);
  // Pressure is known of the whole machine only: better not measured than measured wrong.
  return `[Service]\n${binds.join('')}InaccessiblePaths=-/proc/pressure\n`;
}

/** Waits until the agent runs the staged code; restarts it when it was started from an earlier copy. */
export async function ensureAgent(host: LabHost, code: string): Promise<void> {
  if (!(await fileExists(join(codeStage, agentMain)))) return;
  const stamp = join(hostsFolder, host.name, 'agent-code');
  const startedFrom = await readFile(stamp, 'utf8').catch(() => '');
  if (startedFrom === code && (await agentState(host)) === 'active') return;
  const verb = startedFrom === '' || startedFrom === code ? 'start' : 'restart';
  // Type=notify: systemctl returns when the agent has said that it is ready.
  const result = await execInHost(host, ['systemctl', verb, agentUnit], { timeoutMs: agentStartTimeoutMs });
  if (result.status !== 0) {
    const journal = ['journalctl', '--unit', agentUnit, '--lines', '20', '--no-pager', '--output', 'cat'];
    const log = await execInHost(host, journal, { timeoutMs: agentStartTimeoutMs });
    throw new Error(`${agentUnit} on ${host.name}: ${result.stderr.trim()}\n${log.stdout.trim()}`);
  }
  await writeFile(stamp, code);
}

async function agentState(host: LabHost): Promise<string> {
  const { stdout } = await execInHost(host, ['systemctl', 'is-active', agentUnit], {
    timeoutMs: agentStartTimeoutMs,
  });
  return stdout.trim();
}

/** The scheduler, from the staged code, on the control plane's address; undefined while it is not built. */
export async function schedulerService(code: string): Promise<Service | undefined> {
  if (!(await fileExists(join(codeStage, schedulerMain)))) return undefined;
  const configFile = join(servicesFolder, 'scheduler.yaml');
  return {
    name: 'scheduler',
    argv: [join(codeStage, 'bin/node'), join(codeStage, schedulerMain), '--config', configFile],
    configFile,
    // The comment makes new code a new description, so that it is started again.
    config: `# code ${code}\n${stringify(schedulerSettings())}`,
    answers: () => acceptsConnections(bridge.address, schedulerPort),
  };
}

function schedulerSettings(): object {
  const folder = certificateFolder('control');
  const file = (name: string): string => join(folder, name);
  return {
    listen: { address: `${bridge.address}:${schedulerPort}` },
    nats: { servers: [natsUrl] },
    influx: { url: influxUrl },
    tls: { caFile: file('ca.pem'), certFile: file('cert.pem'), keyFile: file('key.pem') },
    // Within what nats-server may store here, and days of samples of three hosts.
    streams: { samplesMaxMib: 512, eventsMaxMib: 64 },
  };
}

function agentSettings(host: LabHost, kvm: boolean, profile: Profile): object {
  return {
    advertise: {
      address: host.address,
      libvirtUri: profile === 'tls' ? tlsLibvirtUri(host) : host.libvirtUri,
      migrateUri: `tcp://${host.address}`,
    },
    nats: { servers: [natsUrl] },
    // The shortest there is: a demo shows an overload, and a test an outage, within seconds.
    sampling: { intervalS: 1 },
    hypervisor: { type: kvm ? 'kvm' : 'qemu' },
    // libvirt takes a bind-mounted folder for local storage. The kernel is one for all hosts, so QEMU's locks hold.
    migration: { unsafe: true, tls: profile === 'tls', allowTcp: profile !== 'tls' },
  };
}
