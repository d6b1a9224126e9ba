// Finds rules that contradict each other, with the rules and VMs of each contradiction.
import type { Board } from '../board/board.ts';
import type { Conflict } from '../contract/plan-types.ts';
import type { SnapshotRule } from '../contract/snapshot.ts';

export function conflictsOf(board: Board): Conflict[] {
  return [...noHostLeft(board), ...noCommonHost(board), ...togetherAndApart(board), ...tooFewHosts(board)];
}

/** VMs whose rules about hosts leave no host. */
function noHostLeft(board: Board): Conflict[] {
  return [...board.rules.allowed].flatMap(([vm, { allows, rules }]) =>
    board.snapshot.hosts.some((_, host) => allows(host))
      ? []
      : [
          conflict(
            board,
            'no_host_left',
            rules,
            [vm],
            (names) => `${named(rules)} leave no host for ${names}`,
          ),
        ],
  );
}

/** VMs that must be together but have no allowed host in common. */
function noCommonHost(board: Board): Conflict[] {
  return board.rules.together.flatMap(({ rule, vms }) => {
    const limits = vms.map((vm) => board.rules.allowed.get(vm)).filter((each) => each !== undefined);
    const isCommon = board.snapshot.hosts.some((_, host) => limits.every(({ allows }) => allows(host)));
    if (isCommon) return [];
    const rules = [rule, ...limits.flatMap((each) => each.rules)];
    return [
      conflict(
        board,
        'no_common_host',
        rules,
        vms,
        (names) => `${named(rules)} leave no host that ${names} may share`,
      ),
    ];
  });
}

function togetherAndApart(board: Board): Conflict[] {
  const { together, apart } = board.rules;
  return together.flatMap((one) =>
    apart.flatMap((other) => {
      const both = one.vms.filter((vm) => other.vms.includes(vm));
      if (both.length < 2) return [];
      const rules = [one.rule, other.rule];
      return [
        conflict(
          board,
          'together_and_apart',
          rules,
          both,
          (names) => `${named(rules)} want ${names} both together and apart`,
        ),
      ];
    }),
  );
}

/** More VMs that must be apart than hosts they may be on. */
function tooFewHosts(board: Board): Conflict[] {
  return board.rules.apart.flatMap(({ rule, vms }) => {
    const hosts = board.snapshot.hosts.filter(
      ({ service }, host) =>
        service === 'in_service' && vms.some((vm) => board.rules.allowed.get(vm)?.allows(host) ?? true),
    );
    if (hosts.length >= vms.length) return [];
    return [
      conflict(
        board,
        'too_few_hosts',
        [rule],
        vms,
        (names) =>
          `${named([rule])} wants ${vms.length} VMs apart (${names}), but there are only ${hosts.length} hosts for them`,
      ),
    ];
  });
}

function conflict(
  { snapshot }: Board,
  code: string,
  rules: readonly SnapshotRule[],
  vms: readonly number[],
  reasonFor: (names: string) => string,
): Conflict {
  const culprits = vms.map((vm) => snapshot.vms[vm]).filter((vm) => vm !== undefined);
  return {
    code,
    reason: reasonFor(culprits.map(({ name }) => name).join(', ')),
    cure: 'change or remove one of these rules; until then they cannot all be met',
    ruleIds: [...new Set(rules.map(({ id }) => id))],
    vmUuids: culprits.map(({ uuid }) => uuid),
  };
}

function named(rules: readonly SnapshotRule[]): string {
  return [...new Set(rules.map(({ id, writtenIn }) => `rule ${id} (${writtenIn})`))].join(' and ');
}
