// Lists what the plan does not solve, with reasons: hosts that stay hot or cannot be emptied, broken rules, new VMs without a host.
import type { Refusal } from '../../shared/gen/telemetry.ts';
import { wholeAt } from './board/columns.ts';
import type { Draft } from './board/draft.ts';
import { canLeave } from './duties/duty.ts';
import { holdOf } from './board/fit.ts';
import { homesOf, isAllowed } from './duties/must-rules.ts';
import type { Stay, Trigger } from './contract/plan-types.ts';
import { refusal, refusalsOf, refusePlace, refuseUnit } from './words/refusals.ts';
import type { VmRule } from './board/rules.ts';
import { closedTo } from './board/targets.ts';
import { whyNotNow } from './duties/relieve.ts';

export interface Frozen {
  readonly code: 'frozen' | 'observing' | 'quiet';
  readonly reason: string;
}

/** One entry for everything that still calls for moves after those of the draft. */
export function staysOf(draft: Draft, frozen: Frozen | undefined): Stay[] {
  return [
    ...drainingStays(draft, frozen),
    ...ruleStays(draft, frozen),
    ...hotStays(draft, frozen),
    ...pendingStays(draft, frozen),
  ];
}

interface StayWords {
  readonly code: string;
  readonly reason: string;
  readonly refusals?: readonly Refusal[];
}

function stay(draft: Draft, host: number, trigger: Trigger, words: StayWords, vm?: number): Stay {
  const { snapshot } = draft.board;
  return {
    hostId: snapshot.hosts[host]?.hostId ?? '',
    hostName: snapshot.hosts[host]?.hostName ?? '',
    vmUuid: vm === undefined ? '' : (snapshot.vms[vm]?.uuid ?? ''),
    vmName: vm === undefined ? '' : (snapshot.vms[vm]?.name ?? ''),
    trigger,
    code: words.code,
    reason: words.reason,
    evidence: draft.evidence(host),
    moves: draft.stepsAt(host).filter(({ source }) => source === host).length,
    refusals: words.refusals ?? [],
  };
}

/** Draining hosts that still have VMs, with the reason why each VM cannot leave. */
function drainingStays(draft: Draft, frozen: Frozen | undefined): Stay[] {
  const { board } = draft;
  return board.snapshot.hosts.flatMap(({ service, hostName }, host) => {
    const units = board.hosts.units[host] ?? [];
    if (service !== 'draining' || units.length === 0) return [];
    const refusals = units.map((unit) => refuseDuty(draft, unit));
    const words = frozen ?? {
      code: 'not_emptied',
      reason: `${units.length} of the VMs on ${hostName} cannot leave it; see the refusals`,
    };
    return [stay(draft, host, 'evacuate', { ...words, refusals })];
  });
}

/** Why a unit that must leave cannot, as one refusal about the unit as a whole. */
function refuseDuty(draft: Draft, unit: number): Refusal {
  const { board } = draft;
  const hold = holdOf(board, unit, 'duty');
  if (hold !== undefined) return refusal(board, [hold.code, hold.reason, hold.cure], unit);
  const home = wholeAt(board.units.home, unit);
  if (!canLeave(draft, unit))
    return refusal(
      board,
      ['source', 'its host is not ready, or in mode observe', 'check the host, or change its mode'],
      unit,
    );
  const refused = board.snapshot.hosts
    .map((_, host) => (host === home ? undefined : refusePlace(draft, unit, host, 'duty')))
    .filter((each) => each !== undefined);
  // A step limit or a deadline ended the search before this one's turn.
  if (refused.length < board.hosts.count - 1)
    return refusal(
      board,
      ['not_reached', 'the search ended before its turn', 'wait for the next plan'],
      unit,
    );
  return refusal(
    board,
    [
      'no_target',
      `no host can take it: ${summaryOf(refused)}`,
      "see each host's reason; make room, or add a host",
    ],
    unit,
  );
}

// Short enough for an operator to read to the end.
const REASONS_SHOWN_MAX = 5;

/** "h2: it is being emptied; h3 and 4 more: ..." with the reasons that most hosts share first. */
function summaryOf(refused: readonly Refusal[]): string {
  if (refused.length === 0) return 'there is no other host';
  const byCode = new Map<string, Refusal[]>();
  for (const each of refused) byCode.set(each.code, [...(byCode.get(each.code) ?? []), each]);
  const groups = [...byCode.values()].sort((one, other) => other.length - one.length);
  return groups
    .slice(0, REASONS_SHOWN_MAX)
    .map(([first, ...others]) => {
      const more = others.length === 0 ? '' : ` (${others.length} more like it)`;
      return `${first?.hostName ?? ''}: ${first?.reason ?? ''}${more}`;
    })
    .join('; ');
}

/** VMs that are where a must-rule forbids them to be. */
function ruleStays(draft: Draft, frozen: Frozen | undefined): Stay[] {
  const { board } = draft;
  const { rules, unitOfVm, units } = board;
  const off = [...rules.allowed.keys()].filter((vm) => !isAllowed(draft, vm));
  const spread = rules.together.filter((rule) => homesOf(draft, rule).length > 1).map(({ vms }) => vms[0]);
  const crowded = rules.apart.filter((rule) => isCrowded(draft, rule)).map(({ vms }) => vms[0]);
  return [...new Set([...off, ...spread, ...crowded])].flatMap((vm) => {
    if (vm === undefined) return [];
    const unit = wholeAt(unitOfVm, vm);
    const words = frozen ?? {
      code: 'rule_not_kept',
      reason: `a must-rule about ${board.snapshot.vms[vm]?.name ?? ''} is broken, and no move can repair it`,
      refusals: [refuseDuty(draft, unit)],
    };
    return [stay(draft, wholeAt(units.home, unit), 'must_rule', words, vm)];
  });
}

function isCrowded(draft: Draft, rule: VmRule): boolean {
  return homesOf(draft, rule).length < rule.vms.length;
}

function hotStays(draft: Draft, frozen: Frozen | undefined): Stay[] {
  const { board, hot } = draft;
  return board.snapshot.hosts.flatMap(({ state, service }, host) => {
    if (hot.first(host).length === 0 || state !== 'ready' || service === 'draining') return [];
    const isRelieved = draft.stepsAt(host).some(({ source }) => source === host) && !hot.isStillHot(host);
    if (isRelieved) return [];
    return [stay(draft, host, 'hot_host', frozen ?? whyStillHot(draft, host))];
  });
}

function whyStillHot(draft: Draft, host: number): StayWords {
  const { board, hot, effort } = draft;
  switch (whyNotNow(board, host)) {
    case 'observing':
      return {
        code: 'observing',
        reason: 'its mode is observe; set it to recommend or auto to have moves proposed or made',
      };
    case 'moving':
      return {
        code: 'moving',
        reason: 'a migration to or from it is under way; it is judged again afterwards',
      };
    case 'settling':
      return { code: 'settling', reason: 'a VM has just come or gone, and its figures do not show that yet' };
    case 'unusable':
    case undefined:
      break;
  }
  if (!hot.isStillHot(host))
    return { code: 'falling', reason: 'its load has just fallen below the exit level' };
  if (effort.stopped !== 'complete')
    return { code: effort.stopped, reason: `the plan stopped (${effort.stopped}) before it was relieved` };
  return { ...whyNoMove(draft, host), refusals: refusalsOf(draft, host) };
}

function whyNoMove(draft: Draft, host: number): { code: string; reason: string } {
  const { board, hot } = draft;
  const name = board.snapshot.hosts[host]?.hostName ?? '';
  const units = board.hosts.units[host] ?? [];
  if (units.length === 0)
    return {
      code: 'no_vm',
      reason: `no VM runs on ${name}: its load is the host's own; check what else runs there`,
    };
  if (board.hosts.count === 1) return { code: 'alone', reason: 'there is no other host' };
  const candidates = units.filter((unit) => refuseUnit(draft, unit) === undefined).length;
  if (candidates === 0)
    return {
      code: 'no_candidate',
      reason: 'none of its VMs may move, or moving it would not help; see the refusals',
    };
  const targets = board.snapshot.hosts.filter(
    (_, other) => other !== host && closedTo(board, hot, other, 'option') === undefined,
  ).length;
  if (targets === 0)
    return { code: 'no_target', reason: 'no other host can take a VM now; see the refusals' };
  return {
    code: 'no_gain',
    reason: `no move helps: each of ${candidates} VMs was tried on ${targets} hosts, and would not fit or only shift the load; add capacity or make VMs smaller`,
  };
}

function pendingStays(draft: Draft, frozen: Frozen | undefined): Stay[] {
  return draft.board.snapshot.pending
    .filter(({ id }) => !draft.roomFor.has(id))
    .map(({ id, name }) => ({
      hostId: '',
      hostName: '',
      vmUuid: id,
      vmName: name,
      trigger: 'make_room' as const,
      code: frozen?.code ?? 'no_room',
      reason: frozen?.reason ?? `${name} fits on no host, and a few moves cannot make room for it`,
      evidence: [],
      moves: 0,
      refusals: [],
    }));
}
