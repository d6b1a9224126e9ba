// Runs the agent and the monitors that it is compared with, each as a real process on the same libvirtd.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect as connectNats, type JetStreamManager } from 'nats';
import { ensureStreams, SAMPLES_STREAM } from '../shared/nats.ts';
import { hostReportCodec } from '../shared/proto/load.ts';
import { MIB, SECOND_MS } from '../shared/units.ts';
import { freePort, startNats } from '../test/services.ts';
import { until } from '../test/until.ts';

/** Debian packages of the other monitors. */
export const PEER_PACKAGES = ['collectd-core', 'prometheus-libvirt-exporter'];

export interface Monitor {
  readonly name: string;
  /** Samples after which its cost is that of the long run. */
  readonly warmUpSamples: number;
  start(): Promise<RunningMonitor>;
}

export interface RunningMonitor {
  readonly pid: number;
  /** Makes it take one sample; undefined for one with a timer of its own. */
  readonly sample: (() => Promise<void>) | undefined;
  /** How many guests its last sample held. */
  guestsSeen(): Promise<number>;
  stop(): Promise<void>;
}

export interface MonitorOptions {
  /** The URI for libvirt's own client library. */
  readonly uri: string;
  readonly socket: string;
  /** For the monitor's files. */
  readonly folder: string;
  readonly intervalS: number;
}

const START_MS = 20 * SECOND_MS;
// V8 compiles hot code and cleans up the heap of the start once, within some 70 s; an agent then runs for months.
const NODE_WARM_UP_SAMPLES = 16;
const NATIVE_WARM_UP_SAMPLES = 2;

/** The whole agent as its unit runs it, publishing to a real nats-server. */
export function agentMonitor({ socket, folder, intervalS }: MonitorOptions): Monitor {
  return {
    name: 'evenkeel-agent',
    warmUpSamples: NODE_WARM_UP_SAMPLES,
    start: async () => {
      const nats = await startNats();
      const connection = await connectNats({ servers: nats.url });
      const manager = await connection.jetstreamManager();
      await ensureStreams(manager, { samplesMaxBytes: 256 * MIB, eventsMaxBytes: MIB });
      const config = join(folder, 'agent.yaml');
      writeFileSync(
        config,
        JSON.stringify({
          listen: { address: `127.0.0.1:${await freePort()}` },
          tls: { mode: 'plaintext' },
          nats: { servers: [nats.url] },
          libvirt: { uri: 'qemu:///session', socket },
          stateDirectory: folder,
          sampling: { intervalS },
        }),
      );
      const unit = readFileSync('systemd/evenkeel-agent.service', 'utf8');
      const options = [...nodeOptionsOf(unit), 'dist/agent/main.js', '--config', config];
      const child = start(process.execPath, options, environmentOf(unit));
      const hasReport = async (): Promise<boolean> => (await streamMessages(manager)) > 0;
      await untilStarted('the agent to publish a report', hasReport);
      return {
        pid: pidOf(child),
        sample: undefined,
        guestsSeen: () => guestsInLastReport(manager),
        stop: async () => {
          await end(child);
          await connection.close();
          await nats.remove();
        },
      };
    },
  };
}

/** Options of Node that the agent's unit sets. */
function nodeOptionsOf(unit: string): string[] {
  const line = /^ExecStart=\S+(.*) \S+main\.js$/m.exec(unit);
  if (line === null) throw new Error('systemd/evenkeel-agent.service starts no main.js');
  return line[1]?.split(' ').filter((option) => option !== '') ?? [];
}

function environmentOf(unit: string): Record<string, string> {
  const lines = unit.matchAll(/^Environment=(\w+)=(\S+)$/gm);
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
}

async function streamMessages(manager: JetStreamManager): Promise<number> {
  return (await manager.streams.info(SAMPLES_STREAM)).state.messages;
}

async function guestsInLastReport(manager: JetStreamManager): Promise<number> {
  const { state } = await manager.streams.info(SAMPLES_STREAM);
  const last = await manager.streams.getMessage(SAMPLES_STREAM, { seq: state.last_seq });
  const { vms } = hostReportCodec.decode(last.data);
  return vms.filter(({ counted, cpuDemandCores }) => counted && cpuDemandCores !== undefined).length;
}

/** collectd's virt plugin, set up for the same kinds of figures, which stay in its cache and are written nowhere. */
export function collectdMonitor({ uri, folder, intervalS }: MonitorOptions): Monitor {
  return {
    name: "collectd's virt plugin",
    warmUpSamples: NATIVE_WARM_UP_SAMPLES,
    start: async () => {
      const config = join(folder, 'collectd.conf');
      const socket = join(folder, 'collectd.sock');
      writeFileSync(
        config,
        `Hostname "bench"
Interval ${intervalS}
BaseDir "${folder}"
PIDFile "${join(folder, 'collectd.pid')}"
PostCacheChain "drop"
<Chain "drop">
  Target "stop"
</Chain>
LoadPlugin virt
LoadPlugin unixsock
<Plugin virt>
  Connection "${uri}"
  HostnameFormat name
  ExtraStats "disk domain_state memory vcpu"
</Plugin>
<Plugin unixsock>
  SocketFile "${socket}"
  SocketGroup "root"
</Plugin>
`,
      );
      const child = start('/usr/sbin/collectd', ['-f', '-C', config]);
      const guestsSeen = async (): Promise<number> => {
        const values = await askSocket(socket, 'LISTVAL\n');
        return new Set([...values.matchAll(/ (guest\d+)\/virt\S*\/domain_state/g)].map(([, name]) => name))
          .size;
      };
      await untilStarted('values of collectd', async () => (await guestsSeen()) > 0);
      return { pid: pidOf(child), sample: undefined, guestsSeen, stop: () => end(child) };
    },
  };
}

/** prometheus-libvirt-exporter, scraped once an interval. */
export function exporterMonitor({ uri }: MonitorOptions): Monitor {
  return {
    name: 'prometheus-libvirt-exporter',
    warmUpSamples: NATIVE_WARM_UP_SAMPLES,
    start: async () => {
      const address = `127.0.0.1:${await freePort()}`;
      const options = [`--web.listen-address=${address}`, `--libvirt.uri=${uri}`];
      const child = start('/usr/bin/prometheus-libvirt-exporter', options);
      let page = '';
      const sample = async (): Promise<void> => {
        page = await fetchText(`http://${address}/metrics`);
      };
      const guestsSeen = (): Promise<number> =>
        Promise.resolve(page.match(/^libvirt_domain_info_cpu_time_seconds_total/gm)?.length ?? 0);
      await untilStarted('the exporter to show guests', async () => {
        await sample();
        return (await guestsSeen()) > 0;
      });
      return { pid: pidOf(child), sample, guestsSeen, stop: () => end(child) };
    },
  };
}

/** Its output goes to our stderr, away from the result. */
function start(
  program: string,
  options: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  const env = { ...process.env, ...environment };
  const child = spawn(program, options, { stdio: ['ignore', 2, 2], env });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined || child.exitCode !== null) throw new Error(`${child.spawnfile} does not run`);
  return child.pid;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** Waits until it is up; until then it refuses connections. */
async function untilStarted(what: string, isUp: () => Promise<boolean>): Promise<void> {
  await until(what, () => isUp().catch(() => false), START_MS);
}

async function askSocket(path: string, question: string): Promise<string> {
  const socket = connectTcp(path);
  await once(socket, 'connect');
  socket.end(question);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        resolve(text);
      });
    }).on('error', reject);
  });
}
