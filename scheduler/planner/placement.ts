// Chooses the host of a new VM, or the target of a migration that an operator orders: the host with the most room left.
// The load is the operator's to judge; size, memory, rules and faults are checked.
import type { Refusal } from '../../shared/gen/telemetry.ts';
import { formatBytes } from '../../shared/units.ts';
import { boardOf } from './board/board.ts';
import { at, wholeAt } from './board/columns.ts';
import { Draft } from './board/draft.ts';
import { Effort } from './board/effort.ts';
import { missingBytes } from './duties/make-room.ts';
import { demandOf } from './duties/pending.ts';
import type { PlanPolicy } from './contract/policy.ts';
import { closedWords, refusal, refusePlace } from './words/refusals.ts';
import type { PendingVm, Snapshot } from './contract/snapshot.ts';
import { closedTo } from './board/targets.ts';

/** The chosen host, if there is one, and why other hosts refuse. */
export interface Placement {
  readonly hostId: string | undefined;
  readonly refusals: readonly Refusal[];
}

// A host with an incoming migration ranks after all others: the order would have to wait.
const WAITS_RATIO = 1_000;

/** Picks the host of a new VM; with `hostId`, checks that host only. */
export function placeNew(
  snapshot: Snapshot,
  policy: PlanPolicy,
  wanted: PendingVm,
  hostId?: string,
): Placement {
  const draft = draftOf(snapshot, policy);
  const { hosts, resources } = draft.board;
  return roomiest(draft, hostId, {
    refuse: (host) => refuseNew(draft, wanted, host),
    fullness: (host) => {
      // Its demand is not known yet. Few VMs use all of their vCPUs, so half is a cautious guess.
      const cpu = at(hosts.now, host * resources.length) + wanted.vcpus / 2;
      const { memoryBytes = 1 } = snapshot.hosts[host] ?? {};
      const allocated = (at(hosts.allocatedBytes, host) + wanted.memoryMaxBytes) / memoryBytes;
      return Math.max(cpu / at(hosts.cores, host), allocated, memoryRatio(draft, host, 0));
    },
  });
}

/** Picks the target of a migration that an operator orders; with `hostId`, checks that host only. */
export function placeMigration(
  snapshot: Snapshot,
  policy: PlanPolicy,
  vmUuid: string,
  hostId?: string,
): Placement {
  const draft = draftOf(snapshot, policy);
  const { hosts, units, resources, placeOfVm, unitOfVm } = draft.board;
  const vm = placeOfVm.get(vmUuid);
  if (vm === undefined) return { hostId: undefined, refusals: [] };
  const unit = wholeAt(unitOfVm, vm);
  return roomiest(draft, hostId, {
    except: wholeAt(units.home, unit),
    refuse: (host) => refusePlace(draft, unit, host, 'duty'),
    fullness: (host) => {
      const cpu = at(hosts.now, host * resources.length) + at(units.now, unit * resources.length);
      const memory = memoryRatio(draft, host, at(units.now, unit * resources.length + 1));
      const waits = (snapshot.hosts[host]?.migrationsIn ?? 0) > 0 ? WAITS_RATIO : 0;
      return Math.max(cpu / at(hosts.cores, host), memory) + waits;
    },
  });
}

function draftOf(snapshot: Snapshot, policy: PlanPolicy): Draft {
  return new Draft(boardOf(snapshot, policy), new Effort({}));
}

function memoryRatio({ board }: Draft, host: number, moreBytes: number): number {
  const { hosts, resources } = board;
  const place = host * resources.length + 1;
  return (at(hosts.now, place) + moreBytes) * at(hosts.inverse, place);
}

interface Search {
  readonly except?: number;
  readonly refuse: (host: number) => Refusal | undefined;
  readonly fullness: (host: number) => number;
}

function roomiest({ board }: Draft, hostId: string | undefined, search: Search): Placement {
  const refusals: Refusal[] = [];
  let best: { hostId: string; fullness: number } | undefined;
  board.snapshot.hosts.forEach((host, place) => {
    if (place === search.except || (hostId !== undefined && host.hostId !== hostId)) return;
    const refused = search.refuse(place);
    if (refused !== undefined) refusals.push(refused);
    else if (best === undefined || search.fullness(place) < best.fullness)
      best = { hostId: host.hostId, fullness: search.fullness(place) };
  });
  return { hostId: best?.hostId, refusals };
}

/** Why a new VM cannot be created on the host. */
function refuseNew(draft: Draft, wanted: PendingVm, host: number): Refusal | undefined {
  const { board, hot } = draft;
  const closed = closedTo(board, hot, host, 'duty');
  // In mode observe nothing is moved to a host, but an operator may still start a VM there.
  if (closed !== undefined && closed !== 'observing')
    return refusal(board, closedWords(draft, closed, host), undefined, host);
  const no = (code: string, reason: string, cure: string): Refusal =>
    refusal(board, [code, reason, cure], undefined, host);
  const { cpuCores = 0, memoryBytes = 0, traits = [] } = board.snapshot.hosts[host] ?? {};
  if (wanted.vcpus > cpuCores)
    return no(
      'too_few_cores',
      `it has ${cpuCores} ${cpuCores === 1 ? 'core' : 'cores'}, fewer than ${wanted.vcpus} vCPUs`,
      'ask for fewer vCPUs',
    );
  const missing = (wanted.needs ?? []).find((need) => !traits.includes(need));
  if (missing !== undefined) return missingWords(missing, traits, no);
  const demand = { ...demandOf(draft, wanted), memoryUsedBytes: 0 };
  if (missingBytes(draft, demand, host) <= 0) return undefined;
  const allocated = at(board.hosts.allocatedBytes, host) + wanted.memoryMaxBytes;
  return no(
    'memory_allocation',
    `its VMs could then grow to ${formatBytes(allocated)}, more than its ${formatBytes(memoryBytes)} less the reserve`,
    'choose a host with more free memory',
  );
}

/** Words a missing need such as "pool:fast", and names the pools that the host does have. */
function missingWords(
  need: string,
  traits: readonly string[],
  no: (code: string, reason: string, cure: string) => Refusal,
): Refusal {
  const kind = need.slice(0, need.indexOf(':'));
  const has = traits
    .filter((trait) => trait.startsWith(`${kind}:`))
    .map((trait) => trait.slice(kind.length + 1))
    .join(', ');
  const what = kind === 'macvtap' ? 'interface for a macvtap' : kind;
  return no(
    `no_${kind}`,
    `it has no ${what} "${need.slice(kind.length + 1)}" (it has ${has === '' ? 'none' : has})`,
    `choose another ${what}, or set that one up on the host`,
  );
}
