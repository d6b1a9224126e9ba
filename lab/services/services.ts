// Runs the lab's services: nats-server with JetStream, influxd and cpu-view, on the lab's own addresses.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { daemonPids, logFolder, startDaemon, undo } from '../kernel/kernel-objects.ts';
import { servicesFolder, statFile } from '../paths.ts';
import { hosts, influx, influxUrl, nats } from '../topology.ts';

export interface Service {
  readonly name: string;
  readonly argv: readonly string[];
  readonly configFile: string;
  readonly config: string;
  /** True when the service is ready. */
  readonly answers: () => Promise<boolean>;
}

/** influxd opens its files before it listens; a busy machine with a day's data takes a while. */
const startTimeoutMs = 60_000;
const healthTimeoutMs = 2_000;

const dataFolder = (name: string): string => join(servicesFolder, name);

export const natsService: Service = {
  name: 'nats',
  argv: ['nats-server', '--config', join(servicesFolder, 'nats.conf')],
  configFile: join(servicesFolder, 'nats.conf'),
  // 2 GiB hold the stream's limits for three hosts many times over, and bound what a runaway publisher can take.
  config: `server_name: evenkeel-lab
listen: "${nats.address}:${nats.port}"
http: "${nats.address}:${nats.monitorPort}"
jetstream {
  store_dir: "${dataFolder('nats')}"
  max_memory_store: 64MB
  max_file_store: 2GB
}
`,
  answers: () => answersHttp(`http://${nats.address}:${nats.monitorPort}/healthz`),
};

export const influxService: Service = {
  name: 'influx',
  argv: ['influxd', '-config', join(servicesFolder, 'influxdb.conf')],
  configFile: join(servicesFolder, 'influxdb.conf'),
  config: `reporting-disabled = true
bind-address = "${influx.address}:${influx.rpcPort}"
[meta]
  dir = "${dataFolder('influx')}/meta"
[data]
  dir = "${dataFolder('influx')}/data"
  wal-dir = "${dataFolder('influx')}/wal"
[http]
  bind-address = "${influx.address}:${influx.port}"
  log-enabled = false
[monitor]
  store-enabled = false
`,
  answers: () => answersHttp(`${influxUrl}/ping`),
};

/** Keeps each host's /proc/stat where lxcfs cannot. */
export const cpuViewService: Service = {
  name: 'cpu-view',
  argv: [process.execPath, join(import.meta.dirname, '../hosts/cpu-view.js')],
  configFile: join(servicesFolder, 'cpu-view.conf'),
  config: '# it has no settings\n',
  answers: async () => {
    const files = await Promise.all(hosts.map(({ name }) => stat(statFile(name)).catch(() => undefined)));
    return files.every(
      (file) => file !== undefined && file.size > 0 && Date.now() - file.mtimeMs < healthTimeoutMs,
    );
  },
};

/** Starts the service unless it runs with these settings and answers. A restart keeps its data. */
export async function ensureService(service: Service): Promise<void> {
  const digest = createHash('sha256')
    .update(JSON.stringify([service.argv, service.config]))
    .digest('hex');
  const startedAs = join(servicesFolder, `${service.name}.started`);
  const same = (await readFile(startedAs, 'utf8').catch(() => '')) === digest;
  if (same && (await isHealthy(service))) return;
  await stopService(service);
  await rm(startedAs, { force: true });
  await mkdir(dataFolder(service.name), { recursive: true });
  await writeFile(service.configFile, service.config);
  // The default weight, so that the control plane comes before the hosts.
  await startDaemon(service.name, service.argv, { cpuShares: 1024 });
  await waitUntilHealthy(service);
  await writeFile(startedAs, digest);
}

export async function stopService(service: Service): Promise<void> {
  await undo([service.name]);
}

export async function isHealthy(service: Service): Promise<boolean> {
  return (await daemonPids(service.name)).length > 0 && (await service.answers());
}

function answersHttp(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(healthTimeoutMs) }).then(
    (response) => response.ok,
    () => false,
  );
}

export function acceptsConnections(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: healthTimeoutMs });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => {
      end(true);
    });
    for (const event of ['error', 'timeout']) {
      socket.once(event, () => {
        end(false);
      });
    }
  });
}

async function waitUntilHealthy(service: Service): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + startTimeoutMs;
  while (!(await isHealthy(service))) {
    const running = (await daemonPids(service.name)).length > 0;
    if (!running || systemClock.monotonicMs() > deadlineMs) {
      const what = running ? `no answer after ${startTimeoutMs} ms` : 'ended';
      throw new Error(`service ${service.name}: ${what}; see ${join(logFolder, `${service.name}.log`)}`);
    }
    await systemClock.sleep(100);
  }
}
