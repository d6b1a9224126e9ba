// Words every refusal of the search, with a code, a reason and a cure.
import type { Refusal } from '../../../shared/gen/telemetry.ts';
import { formatBytes } from '../../../shared/units.ts';
import { readyWith, type Board } from '../board/board.ts';
import {
  burdenOf,
  crowded,
  isBearable,
  isRelief,
  LOAD,
  NOBODY,
  priceOf,
  reliefOf,
  relievesWaiting,
} from '../board/candidate.ts';
import { at, wholeAt } from '../board/columns.ts';
import type { Draft } from '../board/draft.ts';
import { FIT, holdOf, type Need } from '../board/fit.ts';
import { comfortRatio } from '../contract/policy.ts';
import { closedTo, type Closed } from '../board/targets.ts';
import { clockTime, percent } from '../contract/words.ts';

// A move lists its nearest alternatives; "evenkeel explain" lists all of them for a VM.
const ALTERNATIVES_MAX = 12;
// Keeps the record of a host that stays hot at tens of kilobytes.
const REFUSALS_MAX = 100;

/** A refusal about a unit, a host, or both. */
export function refusal(
  board: Board,
  [code, reason, cure]: readonly [string, string, string],
  unit?: number,
  host?: number,
): Refusal {
  const vm = unit === undefined ? undefined : board.snapshot.vms[board.units.members[unit]?.[0] ?? -1];
  const place = host === undefined ? undefined : board.snapshot.hosts[host];
  return {
    code,
    reason,
    cure,
    vmUuid: vm?.uuid ?? '',
    vmName: vm?.name ?? '',
    hostId: place?.hostId ?? '',
    hostName: place?.hostName ?? '',
  };
}

/** Refusals of the other hosts, as they were when `target` was chosen for the unit. */
export function alternativesTo(draft: Draft, unit: number, target: number, need: Need): Refusal[] {
  const { board } = draft;
  const source = wholeAt(board.units.home, unit);
  const found: Refusal[] = [];
  for (let host = 0; host < board.hosts.count && found.length < ALTERNATIVES_MAX; host += 1) {
    if (host === source || host === target) continue;
    const refused = refusePlace(draft, unit, host, need);
    if (refused !== undefined) found.push(refused);
  }
  return found;
}

/** Why the host cannot take the unit, whatever the gain; undefined when it can. */
export function refusePlace(draft: Draft, unit: number, host: number, need: Need): Refusal | undefined {
  const { board, fit, hot } = draft;
  const closed = closedTo(board, hot, host, need);
  if (closed !== undefined) return refusal(board, closedWords(draft, closed, host), undefined, host);
  const code = fit.refuses(unit, host, need);
  return code === FIT.ok ? undefined : refusal(board, fitWords(draft, code, unit, host), unit, host);
}

/** Why a hot host's units and their targets were refused: held units first, then hosts, then pairs. */
export function refusalsOf(draft: Draft, source: number): Refusal[] {
  const { board, hot } = draft;
  const found: Refusal[] = [];
  const others = Array.from({ length: board.hosts.count }, (_, host) => host).filter(
    (host) => host !== source,
  );
  const add = (refused: Refusal | undefined): boolean => {
    if (refused !== undefined && found.length < REFUSALS_MAX) found.push(refused);
    return refused === undefined;
  };
  const units = (board.hosts.units[source] ?? []).filter((unit) => add(refuseUnit(draft, unit)));
  const targets = others.filter((host) => {
    const closed = closedTo(board, hot, host, 'option');
    return add(
      closed === undefined ? undefined : refusal(board, closedWords(draft, closed, host), undefined, host),
    );
  });
  for (const unit of units)
    for (const host of targets) {
      if (found.length >= REFUSALS_MAX) return found;
      add(refusePair(draft, unit, host));
    }
  return found;
}

/** Why the unit stays whatever the target. */
export function refuseUnit(draft: Draft, unit: number): Refusal | undefined {
  const { board, hot } = draft;
  const hold = holdOf(board, unit, 'option');
  if (hold !== undefined) return refusal(board, [hold.code, hold.reason, hold.cure], unit);
  if (draft.wishes.isBound(unit))
    return refusal(
      board,
      [
        'bound',
        'a must-rule wants it together with VMs on another host',
        'see that rule, or wait until they are together',
      ],
      unit,
    );
  const source = wholeAt(board.units.home, unit);
  if (isRelief(board, hot, unit)) return undefined;
  const short = hot.spots(source).map(({ resource }) => resource);
  return refusal(
    board,
    [
      'too_little',
      `it uses next to nothing of the ${short.join(' and ')} that is short`,
      'none needed: moving it would not help',
    ],
    unit,
  );
}

/** Why this unit of a hot host does not go to that host. */
export function refusePair(draft: Draft, unit: number, host: number): Refusal | undefined {
  const { board, fit, hot } = draft;
  const code = fit.refuses(unit, host, 'option');
  if (code !== FIT.ok) return refusal(board, fitWords(draft, code, unit, host), unit, host);
  const gain = reliefOf(board, unit) - burdenOf(board, unit, host);
  const crowd = crowded(board, unit, host);
  if (gain > priceOf(board, hot, unit) && isBearable(board, hot, { unit, host, gone: NOBODY, gain }))
    return undefined;
  const isTooFull = crowd !== LOAD.ok && (crowd !== LOAD.cpu || !relievesWaiting(board, hot, unit, host));
  return refusal(board, isTooFull ? crowdWords(board, crowd - 1, unit, host) : NO_GAIN, unit, host);
}

const NO_GAIN = [
  'no_gain',
  'the two hosts together would gain too little to be worth the copy',
  'add a host, or make the VM smaller',
] as const;

function crowdWords(
  board: Board,
  column: number,
  unit: number,
  host: number,
): readonly [string, string, string] {
  const resource = board.resources[column] ?? 'cpu';
  const peak = percent(peakRatio(board, unit, host, column));
  const comfort = percent(comfortRatio(board.policy, resource));
  return [
    `${resource}_limit`,
    `the host's ${resource} would reach ${peak}, above ${comfort}`,
    'add a host, or make room there',
  ];
}

function peakRatio(board: Board, unit: number, host: number, column: number): number {
  const inverse = at(board.hosts.inverse, host * board.resources.length + column);
  return readyWith(board, host, unit, column) * inverse;
}

/** Code, reason and cure of a host that takes no VM. */
export function closedWords(
  { board, hot }: Draft,
  closed: Closed,
  host: number,
): readonly [string, string, string] {
  switch (closed) {
    case 'stale':
      return [
        closed,
        'its last report is too old',
        "check that evenkeel-agent runs there, reaches NATS, and that the host's clock is right",
      ];
    case 'unknown':
      return [closed, 'libvirt does not answer its agent', 'check libvirtd on that host'];
    case 'draining':
      return [closed, 'it is being emptied', 'end its maintenance: "evenkeel maintenance exit"'];
    case 'observing':
      return [closed, 'its mode is observe', 'set its mode to recommend or auto'];
    case 'receiving':
      return [closed, 'a migration to it is under way', 'wait until it has ended'];
    case 'sending':
      return [closed, 'a migration away from it is under way', 'wait until it has ended'];
    case 'hot':
      return [
        closed,
        `it is hot itself in ${hot
          .first(host)
          .map(({ resource }) => resource)
          .join(' and ')}`,
        'relieve it, or add a host',
      ];
    case 'settling':
      return [
        closed,
        `a VM has just come or gone, and its figures do not show that before ${clockTime(board.snapshot.hosts[host]?.settlingUntilMs ?? 0)}`,
        'wait a few sampling intervals',
      ];
  }
}

/** Code, reason and cure of a unit that does not fit on a host. */
function fitWords(
  { board, fit }: Draft,
  code: number,
  unit: number,
  host: number,
): readonly [string, string, string] {
  const { units, hosts, snapshot } = board;
  const capacity = snapshot.hosts[host]?.memoryBytes ?? 0;
  const beyond = (what: string, bytes: number): string =>
    `${what} ${formatBytes(bytes)}, more than its ${formatBytes(capacity)} less the reserve`;
  switch (code) {
    case FIT.trait:
      return [
        'missing',
        `the host lacks ${missing(board, unit, host)}`,
        'set that up on the host, or choose another one',
      ];
    case FIT.rule:
      return ['rule', `${rulesOf(board, unit)} does not allow it there`, 'change the rule'];
    case FIT.cores:
      return [
        'too_few_cores',
        `it has ${at(units.vcpus, unit)} vCPUs, the host ${at(hosts.cores, host)} ${at(hosts.cores, host) === 1 ? 'core' : 'cores'}`,
        'choose a larger host',
      ];
    case FIT.allocation:
      return [
        'memory_allocation',
        beyond('its VMs could then grow to', at(hosts.allocatedBytes, host) + at(units.memoryMaxBytes, unit)),
        'choose a host with more free memory',
      ];
    case FIT.memoryUse: {
      const used = readyWith(board, host, unit, 1);
      return [
        'memory_use',
        beyond("the host's memory in use would be", used),
        'choose a host with more free memory',
      ];
    }
    case FIT.apart: {
      const other = snapshot.vms[fit.neighbour(unit, host) ?? -1]?.name ?? '';
      return [
        'apart',
        `a rule keeps it apart from ${other}, which is there`,
        'change the rule, or move that VM',
      ];
    }
    case FIT.refused:
      return ['target_refused', refusedReason(board, unit, host), 'fix that; the host is tried again later'];
    default:
      return ['left_lately', 'it left that host recently', 'wait, or move it yourself: "evenkeel migrate"'];
  }
}

function missing({ snapshot, units }: Board, unit: number, host: number): string {
  const traits = snapshot.hosts[host]?.traits ?? [];
  const needs = (units.members[unit] ?? []).flatMap((vm) => snapshot.vms[vm]?.needs ?? []);
  return needs.filter((need) => !traits.includes(need)).join(', ');
}

function rulesOf({ rules, units }: Board, unit: number): string {
  const ids = (units.members[unit] ?? []).flatMap((vm) =>
    (rules.allowed.get(vm)?.rules ?? []).map(({ id, writtenIn }) => `rule ${id} (${writtenIn})`),
  );
  return [...new Set(ids)].join(' with ');
}

function refusedReason({ snapshot, units }: Board, unit: number, host: number): string {
  const hostId = snapshot.hosts[host]?.hostId;
  const refused = (units.members[unit] ?? []).flatMap((vm) => snapshot.vms[vm]?.refusedTargets ?? []);
  return refused.find((each) => each.hostId === hostId)?.reason ?? '';
}
