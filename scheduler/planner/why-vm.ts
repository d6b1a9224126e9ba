// Lists the hosts that a VM could go to now, and why each other host refuses it.
import type { Refusal } from '../../shared/gen/telemetry.ts';
import { boardOf } from './board/board.ts';
import { wholeAt } from './board/columns.ts';
import { Draft } from './board/draft.ts';
import { Effort } from './board/effort.ts';
import type { PlanPolicy } from './contract/policy.ts';
import { refusePair, refusePlace, refuseUnit } from './words/refusals.ts';
import type { Snapshot } from './contract/snapshot.ts';

export interface VmPlaces {
  /** About the VM itself first, then about hosts. */
  readonly refusals: Refusal[];
  readonly possibleTargets: string[];
}

/** If the VM's host is not hot there is nothing to relieve, so only the fit is checked. */
export function whyVm(snapshot: Snapshot, policy: PlanPolicy, vmUuid: string): VmPlaces {
  const board = boardOf(snapshot, policy);
  const draft = new Draft(board, new Effort({}));
  const unit = board.units.members.findIndex((members) =>
    members.some((vm) => snapshot.vms[vm]?.uuid === vmUuid),
  );
  if (unit < 0) return { refusals: [], possibleTargets: [] };
  const source = wholeAt(board.units.home, unit);
  const isHot = (snapshot.hosts[source]?.hot ?? []).length > 0;
  const own = isHot ? refuseUnit(draft, unit) : undefined;
  const refusals = own === undefined ? [] : [own];
  const possibleTargets: string[] = [];
  snapshot.hosts.forEach(({ hostName }, host) => {
    if (host === source) return;
    const refused =
      refusePlace(draft, unit, host, 'option') ?? (isHot ? refusePair(draft, unit, host) : undefined);
    if (refused === undefined) possibleTargets.push(hostName);
    else refusals.push(refused);
  });
  return { refusals, possibleTargets };
}
