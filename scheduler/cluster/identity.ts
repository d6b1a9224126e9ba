// Tells hosts apart that report under one id, and recognises a host that comes back under another id. Pure.
import type { HostReport } from '../../shared/gen/telemetry.ts';
import { staleAfterMs } from '../load/points.ts';

/** What the view knows of a host, as far as it says which machine this is. */
export interface KnownMachine {
  /** Its key in the view: the id that it reports, or a longer one while another machine reports that id. */
  readonly hostId: string;
  readonly report: HostReport;
  readonly observedAtMs: number;
  /** When its agent's present boot was first heard. */
  readonly bootAtMs: number;
  /** Earlier boots of the agent, so that their late reports are recognised as old. */
  readonly earlierBootIds: readonly string[];
}

// More machines than this under one id are a fault of the network or a forgery; the first ones are enough to say so.
const SHARERS_MAX = 8;
// A host that shares its id and falls silent may be back at any moment; its restart takes less than this.
const SHARED_KEPT_MS = 10 * 60_000;
// Keys name entries in NATS, which takes few characters (https://docs.nats.io/nats-concepts/jetstream/key-value-store).
const NO_KEY = /[^0-9A-Za-z-]/g;

/** The view's key for the host of the report; undefined for a late report of an earlier boot. */
export function keyOf(hosts: ReadonlyMap<string, KnownMachine>, report: HostReport): string | undefined {
  const { hostId, bootId, tickAtMs } = report;
  const sharers = sharersOf(hosts, hostId);
  const speaking = sharers.find((host) => host.report.bootId === bootId);
  // The machine that had the plain id is gone.
  if (speaking !== undefined) return hosts.has(hostId) ? speaking.hostId : hostId;
  const superseded = sharers.find(({ earlierBootIds }) => earlierBootIds.includes(bootId));
  // A restart ends the boot before; one that goes on after it is the agent of another machine.
  if (superseded !== undefined)
    return tickAtMs > superseded.bootAtMs ? freeKey(hosts, report, sharers.length) : undefined;
  const restarted = sharers.find((host) => isSameMachine(host.report, report));
  // One agent never reports a tick twice; clones of one machine, with its name and certificate, do.
  if (restarted !== undefined && isOneTickTwice(restarted.report, report))
    return freeKey(hosts, report, sharers.length);
  if (restarted !== undefined) return restarted.hostId;
  const isLive = sharers.some((host) => !isSilent(host, report));
  return isLive ? freeKey(hosts, report, sharers.length) : hostId;
}

/**
 * The entries that the report makes obsolete: the same agent under another id or key, the same machine under an id with
 * which it fell silent, and a machine that was renamed.
 */
export function replacedBy(
  hosts: ReadonlyMap<string, KnownMachine>,
  key: string,
  report: HostReport,
): string[] {
  const before = hosts.get(key);
  return [...hosts.values()]
    .filter((host) => {
      if (host.hostId === key) return false;
      const isSame = host.report.hostId === report.hostId || isSameMachine(host.report, report);
      if (host.report.bootId === report.bootId) return isSame;
      if (!isSilent(host, report)) return false;
      if (host.report.hostId !== report.hostId) return isSameMachine(host.report, report);
      return before !== undefined && host.observedAtMs < before.bootAtMs;
    })
    .map(({ hostId }) => hostId);
}

/** The other machines that speak under the host's id at the same time as it does. */
export function rivalsOf<Host extends KnownMachine>(hosts: ReadonlyMap<string, Host>, host: Host): Host[] {
  return sharersOf(hosts, host.report.hostId).filter(
    (other) =>
      other.hostId !== host.hostId &&
      Math.min(other.observedAtMs, host.observedAtMs) >= Math.max(other.bootAtMs, host.bootAtMs),
  );
}

/** Until when two machines that were seen to share an id are left alone. */
export function sharedUntilMs(rivals: readonly KnownMachine[], host: KnownMachine): number {
  if (rivals.length === 0) return 0;
  const lastMs = Math.max(...rivals.map(({ observedAtMs }) => observedAtMs));
  return Math.min(lastMs, host.observedAtMs) + SHARED_KEPT_MS;
}

/** The certificate alone is not enough: some give one to all hosts. */
function isSameMachine(a: HostReport, b: HostReport): boolean {
  if (a.hostName !== b.hostName || a.facts === null || b.facts === null) return a.hostName === b.hostName;
  const { agentAddress, certificateSha256 } = a.facts;
  return (
    (certificateSha256 !== '' && certificateSha256 === b.facts.certificateSha256) ||
    agentAddress === b.facts.agentAddress
  );
}

/** "kvm1 (10.0.0.11:7443)": names may repeat as well. */
export function addressed({ report: { hostName, facts } }: Pick<KnownMachine, 'report'>): string {
  return facts === null || facts.agentAddress === '' ? hostName : `${hostName} (${facts.agentAddress})`;
}

function isOneTickTwice(a: HostReport, b: HostReport): boolean {
  return a.tickAtMs === b.tickAtMs && a.facts?.agentAddress !== b.facts?.agentAddress;
}

function isSilent({ observedAtMs, report }: KnownMachine, { tickAtMs }: HostReport): boolean {
  return tickAtMs - observedAtMs > staleAfterMs(report.intervalMs);
}

function sharersOf<Host extends KnownMachine>(hosts: ReadonlyMap<string, Host>, hostId: string): Host[] {
  const plain = hosts.get(hostId);
  const found = plain === undefined ? [] : [plain];
  for (const [key, host] of hosts)
    if (key !== hostId && key.startsWith(hostId) && host.report.hostId === hostId) found.push(host);
  return found;
}

function freeKey(
  hosts: ReadonlyMap<string, KnownMachine>,
  { hostId, hostName }: HostReport,
  sharers: number,
): string | undefined {
  if (sharers >= SHARERS_MAX) return undefined;
  if (!hosts.has(hostId)) return hostId;
  const key = `${hostId}_${hostName.replace(NO_KEY, '-')}`;
  for (let number = 2; ; number += 1) {
    const numbered = number === 2 ? key : `${key}-${number - 1}`;
    if (!hosts.has(numbered)) return numbered;
  }
}
