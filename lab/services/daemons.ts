// Runs evenkeel's daemons in the lab: an agent as a unit in each host, the scheduler next to NATS and InfluxDB.
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

/** The files that a package and an administrator would put on the host: users, the unit, settings and certificates. */
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
 * Mounts the host's files into /proc again, which the unit's own protection of /proc drops (systemd 252): otherwise the
 * agent would read the whole machine's load and memory as its host's.
 */
function agentView(ownStat: boolean): string {
  const binds = ownProc(ownStat).map(([source, target]) => `BindReadOnlyPaths=${source}:${target}\n`);
  // Pressure is known for the whole machine only: no measurement is better than a wrong one.
  return `[Service]\n${binds.join('')}InaccessiblePaths=-/proc/pressure\n`;
}

/** Waits until the agent runs the staged code; restarts it if it was started from an earlier copy. */
export async function ensureAgent(host: LabHost, code: string): Promise<void> {
  if (!(await fileExists(join(codeStage, agentMain)))) return;
  const stamp = join(hostsFolder, host.name, 'agent-code');
  const startedFrom = await readFile(stamp, 'utf8').catch(() => '');
  if (startedFrom === code && (await agentState(host)) === 'active') return;
  const verb = startedFrom === '' || startedFrom === code ? 'start' : 'restart';
  // Type=notify: systemctl returns once the agent has reported that it is ready.
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

/** The scheduler, from the staged code, on the control plane's address; undefined if it is not built. */
export async function schedulerService(code: string): Promise<Service | undefined> {
  if (!(await fileExists(join(codeStage, schedulerMain)))) return undefined;
  const configFile = join(servicesFolder, 'scheduler.yaml');
  return {
    name: 'scheduler',
    argv: [join(codeStage, 'bin/node'), join(codeStage, schedulerMain), '--config', configFile],
    configFile,
    // The comment makes new code change the settings text, so that the service is restarted.
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
    // Within what nats-server may store here, and enough for days of samples of three hosts.
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
    // The shortest interval allowed, so that overloads and outages show within seconds.
    sampling: { intervalS: 1 },
    hypervisor: { type: kvm ? 'kvm' : 'qemu' },
    // libvirt takes a bind-mounted folder for local storage. All hosts share one kernel, so QEMU's locks work.
    migration: { unsafe: true, tls: profile === 'tls', allowTcp: profile !== 'tls' },
  };
}
