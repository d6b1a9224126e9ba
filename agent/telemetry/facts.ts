// Looks up the host's facts off the sampling path: identity, versions, addresses, storage pools, networks and bridges.
import { hostname } from 'node:os';
import { Backoff } from '../../shared/backoff.ts';
import { Bell } from '../../shared/bell.ts';
import type { Clock, WaitOptions } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { HostFacts } from '../../shared/gen/telemetry.ts';
import type { Logger } from '../../shared/log.ts';
import { MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import type { Connection } from '../libvirt/connection.ts';
import { ListNetworksFlag, ListPoolsFlag } from '../libvirt/constants.ts';
import { LibvirtError } from '../libvirt/errors.ts';
import { listNetworks } from '../libvirt/network.ts';
import { getCapabilities, getLibVersion, getVersion } from '../libvirt/node.ts';
import { listPools } from '../libvirt/storage.ts';
import { bridgesOf, LINK_ROOTS, macvtapDevicesOf } from '../vm/host-links.ts';
import { find, parseXml } from '../vm/xml-text.ts';
import { readHostCounters } from './host.ts';

/** The addresses of this host, and the agent's certificate and version; known to the composition root. */
export type AgentIdentity = Pick<
  HostFacts,
  'agentAddress' | 'certificateSha256' | 'agentVersion' | 'libvirtUri' | 'migrateUri'
>;

export interface KnownHost {
  /** libvirt's UUID of the host. */
  readonly hostId: string;
  readonly hostName: string;
  readonly facts: HostFacts;
}

export interface FactsOptions {
  readonly connection: (wait: WaitOptions) => Promise<Connection>;
  readonly identity: () => Promise<AgentIdentity>;
  readonly procRoot: string;
  readonly sysRoot: string;
  readonly clock: Clock;
  /** From 0 to below 1, for the jitter of retries. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** A new pool or bridge is unknown to the scheduler for up to this long, unless it asks (GetHost). */
const REFRESH_MS = MINUTE_MS;
/** Until libvirt has answered once, the host id is unknown and nothing can be published. */
const RETRY_FIRST_MS = SECOND_MS;
const RETRY_MAX_MS = 10 * SECOND_MS;
const TIMEOUT_MS = 10 * SECOND_MS;

export class Facts {
  readonly #options: FactsOptions;
  readonly #refreshAsked: Bell;
  #known: KnownHost | undefined;
  #identified: Identified | undefined;
  #cpuModel: string | undefined;
  #failure = '';

  constructor(options: FactsOptions) {
    this.#options = options;
    this.#refreshAsked = new Bell(options.clock);
  }

  known(): KnownHost | undefined {
    return this.#known;
  }

  /** Call when libvirt has reconnected: it may be a different libvirtd now. */
  refreshSoon(): void {
    this.#refreshAsked.ring();
  }

  /** What the host has now, which the next report then has too. */
  async lookNow(): Promise<KnownHost> {
    const now = await this.#lookUp();
    this.#learn(now);
    return now;
  }

  async run(): Promise<void> {
    const { random, signal } = this.#options;
    const backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random });
    while (!signal.aborted) {
      try {
        await this.lookNow();
        this.#failure = '';
      } catch (error) {
        this.#logFailure(messageOf(error));
      }
      const pauseMs = this.#known === undefined ? backoff.nextMs() : REFRESH_MS;
      await this.#refreshAsked.next(this.#refreshAsked.count, signal, pauseMs).catch(() => undefined);
    }
  }

  /** Logs each cause once. */
  #logFailure(cause: string): void {
    const { logger, signal } = this.#options;
    if (cause !== this.#failure && !signal.aborted) logger.warn({ cause }, 'cannot look up host facts');
    this.#failure = cause;
  }

  #learn(now: KnownHost): void {
    const before = this.#known;
    this.#known = now;
    if (before?.hostId !== now.hostId && isMadeUp(now.hostId))
      this.#options.logger.error(
        { hostId: now.hostId },
        'the host id is one that boards of many machines share; set a host_uuid of its own in libvirtd.conf (uuidgen makes one) and restart libvirtd',
      );
    if (before !== undefined && before.hostId !== now.hostId)
      this.#options.logger.error(
        { hostId: now.hostId, hostIdBefore: before.hostId },
        'libvirt reports a different host id than before; set host_uuid in libvirtd.conf to keep one',
      );
  }

  /** Once for each connection: the capabilities are tens of kilobytes, and a restarted libvirtd means a new connection. */
  async #identify(connection: Connection, wait: WaitOptions): Promise<Identified> {
    if (this.#identified?.connection !== connection)
      this.#identified = {
        connection,
        ...readCapabilities(await getCapabilities(connection, wait)),
        libvirtVersion: versionText(await getLibVersion(connection, wait)),
        hypervisorVersion: versionText(await getVersion(connection, wait)),
      };
    return this.#identified;
  }

  async #lookUp(): Promise<KnownHost> {
    const { procRoot, sysRoot, signal } = this.#options;
    const wait = { signal, timeoutMs: TIMEOUT_MS };
    const connection = await this.#options.connection(wait);
    const { hostId, architecture, libvirtVersion, hypervisorVersion } = await this.#identify(
      connection,
      wait,
    );
    const { cpuCores, memoryBytes } = readHostCounters(procRoot, 0);
    const links = { ...LINK_ROOTS, sysRoot };
    this.#cpuModel ??= await readCpuModel();
    const facts = {
      ...(await this.#options.identity()),
      libvirtVersion,
      hypervisorVersion,
      cpuCores,
      memoryBytes,
      cpuModel: this.#cpuModel,
      architecture,
      pools: await namesOf(listPools(connection, ListPoolsFlag.active, wait)),
      networks: await namesOf(listNetworks(connection, ListNetworksFlag.active, wait)),
      bridges: bridgesOf(links),
      macvtapDevices: macvtapDevicesOf(links),
    };
    return { hostId, hostName: hostname(), facts };
  }
}

// Left in firmware by makers of boards: AMI's sample in two byte orders, and those of reference designs.
const MAKERS_IDS: ReadonlySet<string> = new Set([
  '03000200-0400-0500-0006-000700080009',
  '00020003-0004-0005-0006-000700080009',
  '01234567-8910-1112-1314-151617181920',
  '12345678-1234-5678-90ab-cddeefaabbcc',
  '03020100-0504-0706-0809-0a0b0c0d0e0f',
  '00000000-0000-0000-0000-000000000001',
]);

/** An id that no machine has to itself: a maker's sample, or one digit or byte repeated, such as all zeros. */
export function isMadeUp(hostId: string): boolean {
  const digits = hostId.toLowerCase().replaceAll('-', '');
  return MAKERS_IDS.has(hostId.toLowerCase()) || /^(..?)\1+$/.test(digits);
}

interface Identified {
  readonly connection: Connection;
  readonly hostId: string;
  readonly architecture: string;
  readonly libvirtVersion: string;
  readonly hypervisorVersion: string;
}

/** Reads the host's id and architecture from libvirt's capabilities. */
export function readCapabilities(xml: string): { hostId: string; architecture: string } {
  const host = find(parseXml(xml), 'host');
  const hostId = find(host, 'uuid')?.text.trim() ?? '';
  if (hostId === '') throw new Error('libvirt reports no host UUID; set host_uuid in libvirtd.conf');
  return { hostId, architecture: find(host, 'cpu', 'arch')?.text.trim() ?? '' };
}

/** 9000000 is 9.0.0: major, minor and release in steps of 1,000 (virGetVersion). */
export function versionText(version: number): string {
  return [Math.floor(version / 1e6), Math.floor(version / 1e3) % 1000, version % 1000].join('.');
}

/** A libvirt without the driver for them has none. */
async function namesOf(listing: Promise<readonly { readonly name: string }[]>): Promise<string[]> {
  try {
    return (await listing).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof LibvirtError) return [];
    throw error;
  }
}

/** Called once, and loads its module only then: it runs lscpu, which names processors that /proc does not. */
async function readCpuModel(): Promise<string> {
  const { cpu } = await import('systeminformation');
  const { manufacturer, brand } = await cpu();
  return `${manufacturer} ${brand}`.trim();
}
