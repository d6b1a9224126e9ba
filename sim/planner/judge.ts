// Judges a plan by the snapshot alone, with none of the planner's own code: rules, memory at every moment, budgets, reasons.
import type { Plan, PlannedMove } from '../../scheduler/planner/contract/plan-types.ts';
import type { PlanPolicy } from '../../scheduler/planner/contract/policy.ts';
import type {
  Snapshot,
  SnapshotHost,
  SnapshotRule,
  SnapshotVm,
} from '../../scheduler/planner/contract/snapshot.ts';

interface World {
  readonly snapshot: Snapshot;
  readonly policy: PlanPolicy;
  readonly hosts: ReadonlyMap<string, SnapshotHost>;
  readonly vms: ReadonlyMap<string, SnapshotVm>;
  /** The host of each VM, updated move by move. */
  readonly homes: Map<string, string>;
}

/** The faults of the plan, in words; empty when there are none. */
export function faultsOf(snapshot: Snapshot, policy: PlanPolicy, plan: Plan): string[] {
  const world: World = {
    snapshot,
    policy,
    hosts: new Map(snapshot.hosts.map((host) => [host.hostId, host])),
    vms: new Map(snapshot.vms.map((vm) => [vm.uuid, vm])),
    homes: new Map(snapshot.vms.map((vm) => [vm.uuid, vm.hostId])),
  };
  const faults = [...budgetFaults(world, plan), ...reasonFaults(world, plan)];
  const bundles = bundlesOf(world);
  plan.moves.forEach((move, place) => {
    faults.push(...moveFaults(world, move), ...memoryFaults(world, plan, place));
    world.homes.set(move.vmUuid, move.targetHostId);
  });
  return [...faults, ...bundleFaults(world, bundles)];
}

function isDuty({ trigger }: PlannedMove): boolean {
  return trigger === 'evacuate' || trigger === 'must_rule';
}

/** A claim with its truth. */
type Check = readonly [boolean, string];

function moveFaults(world: World, move: PlannedMove): string[] {
  const { hosts, vms } = world;
  const [vm, source, target] = [
    vms.get(move.vmUuid),
    hosts.get(move.sourceHostId),
    hosts.get(move.targetHostId),
  ];
  const name = `${move.vmName} > ${move.targetHostName} (${move.trigger})`;
  if (vm === undefined || target === undefined || source === undefined)
    return [`${name}: names an unknown VM or host`];
  const checks = [
    ...hostChecks(move, source, target),
    ...vmChecks(world, move, vm, target),
    ...ruleChecks(world, vm, target),
  ];
  return checks.filter(([holds]) => !holds).map(([, claim]) => `${name}: ${claim}`);
}

function hostChecks(move: PlannedMove, source: SnapshotHost, target: SnapshotHost): Check[] {
  return [
    [source.hostId !== target.hostId, 'must go to another host'],
    [source.state === 'ready' && target.state === 'ready', 'both hosts must be ready'],
    [source.mode !== 'observe' && target.mode !== 'observe', 'a host in mode observe must be left alone'],
    [target.service === 'in_service', 'a draining host must receive nothing'],
    [isDuty(move) || target.migrationsIn === 0, 'a host with an incoming migration must not be a target'],
  ];
}

function vmChecks(
  { snapshot, homes }: World,
  move: PlannedMove,
  vm: SnapshotVm,
  target: SnapshotHost,
): Check[] {
  const left = (vm.leftHosts ?? []).some(({ hostId }) => hostId === target.hostId);
  const refused = (vm.refusedTargets ?? []).some(({ hostId }) => hostId === target.hostId);
  return [
    [
      homes.get(vm.uuid) === move.sourceHostId && vm.hostId === move.sourceHostId,
      'must start from the host of the VM, once',
    ],
    [vm.mode !== 'observe' && vm.held?.against !== 'every_move', 'a held VM must stay'],
    [isDuty(move) || vm.held === undefined, 'a VM that cools down may move by duty only'],
    [isDuty(move) || !left, 'must not go back to a host that it left'],
    [!refused, 'must not go to a host that refused it'],
    [vm.vcpus <= target.cpuCores, 'must have as many cores as vCPUs'],
    [
      (vm.needs ?? []).every((need) => target.traits.includes(need)),
      'must have the traits that the VM needs',
    ],
    [
      move.trigger === 'evacuate' || snapshot.quietReason === undefined,
      'must wait for the end of the quiet window',
    ],
  ];
}

function ruleChecks(world: World, vm: SnapshotVm, target: SnapshotHost): [boolean, string][] {
  const { snapshot, homes, vms } = world;
  return snapshot.rules
    .filter(({ vms }) => vms.includes(vm.uuid))
    .map((rule): [boolean, string] => [
      keeps(rule, vm, target, { homes, vms }),
      `must keep rule ${rule.id} (${rule.kind})`,
    ]);
}

function keeps(
  { kind, strength, vms, hosts }: SnapshotRule,
  vm: SnapshotVm,
  target: SnapshotHost,
  world: Pick<World, 'homes' | 'vms'>,
): boolean {
  switch (kind) {
    case 'never_move':
      return false;
    case 'vm_to_host':
      return strength === 'should' || hosts.includes(target.hostId);
    case 'pin':
      return strength === 'should' || hosts.includes(target.hostId);
    case 'vm_not_to_host':
      return strength === 'should' || !hosts.includes(target.hostId);
    case 'anti_affinity':
      // VMs that were together before, and that another rule moves together, do not make the rule any more broken.
      return (
        strength === 'should' ||
        vms.every(
          (other) =>
            other === vm.uuid ||
            world.homes.get(other) !== target.hostId ||
            world.vms.get(other)?.hostId === vm.hostId,
        )
      );
    case 'affinity':
    case 'group':
      return true;
  }
}

/** VMs of a rule that start on one host must end on one host. */
function bundlesOf({ snapshot, homes }: World): string[][] {
  return snapshot.rules
    .filter(({ kind, strength }) => kind === 'group' || (kind === 'affinity' && strength === 'must'))
    .flatMap(({ vms }) => {
      const byHome = new Map<string, string[]>();
      for (const vm of vms) {
        const home = homes.get(vm);
        if (home !== undefined) byHome.set(home, [...(byHome.get(home) ?? []), vm]);
      }
      return [...byHome.values()];
    });
}

function bundleFaults({ homes }: World, bundles: readonly string[][]): string[] {
  return bundles
    .filter((bundle) => new Set(bundle.map((vm) => homes.get(vm))).size > 1)
    .map((bundle) => `${bundle.join(', ')} started together and end apart`);
}

// Summing the same figures in another order changes the last digits.
const BYTES_TOLERANCE = 1;

/** Counts every earlier move on its target, and also on its source unless this move waits for it. */
function memoryFaults({ policy, vms, hosts }: World, { moves }: Plan, place: number): string[] {
  const move = moves[place];
  const host = hosts.get(move?.targetHostId ?? '');
  if (move === undefined || host === undefined) return [];
  let allocatedBytes = host.memoryAllocatedBytes;
  let peakBytes = host.load.memory.peak;
  let forecastBytes = host.load.memory.forecast;
  moves.slice(0, place + 1).forEach(({ vmUuid, sourceHostId, targetHostId }, earlier) => {
    const vm = vms.get(vmUuid);
    if (vm === undefined) return;
    const hasLeft = sourceHostId === host.hostId && move.after.includes(earlier);
    const sign = targetHostId === host.hostId ? 1 : hasLeft ? -1 : 0;
    allocatedBytes += sign * vm.memoryMaxBytes;
    peakBytes += sign * vm.load.memory.peak;
    forecastBytes += sign * vm.load.memory.forecast;
  });
  const limitBytes = host.memoryBytes * (1 - policy.memoryReserveRatio) + BYTES_TOLERANCE;
  const mostBytes = Math.max(allocatedBytes, peakBytes, forecastBytes);
  return mostBytes <= limitBytes
    ? []
    : [`${move.vmName} > ${host.hostName}: exceeds its memory: ${mostBytes} of ${limitBytes} bytes`];
}

function budgetFaults({ snapshot, policy }: World, { moves }: Plan): string[] {
  const optional = moves.filter((move) => !isDuty(move));
  const bytes = optional.reduce((sum, { terms }) => sum + terms.migrationBytes, 0);
  const { moves: movesMax = Infinity, bytes: bytesMax = Infinity } = snapshot.budgets;
  return [
    ...(moves.length > policy.movesMax || optional.length > movesMax ? ['more moves than the budget'] : []),
    ...(bytes > bytesMax + BYTES_TOLERANCE ? ['more bytes than the budget'] : []),
  ];
}

/** Every host that stays hot, or is not emptied, needs a reason. */
function reasonFaults({ snapshot, policy, vms }: World, { moves, stays }: Plan): string[] {
  const explained = new Set(
    stays.filter(({ code, reason }) => code !== '' && reason !== '').map(({ hostId }) => hostId),
  );
  return snapshot.hosts.flatMap((host) => {
    const gone = new Set(
      moves.filter(({ sourceHostId }) => sourceHostId === host.hostId).map(({ vmUuid }) => vmUuid),
    );
    const left = [...vms.values()].filter((vm) => vm.hostId === host.hostId && !gone.has(vm.uuid));
    if (host.service === 'draining')
      return left.length > 0 && !explained.has(host.hostId)
        ? [`${host.hostName} is not emptied, without a reason`]
        : [];
    const cpu = host.load.cpu.now / host.cpuCores;
    const memory = host.load.memory.now / host.memoryBytes;
    const isHot =
      host.hot === undefined
        ? cpu >= policy.cpu.entryRatio || memory >= policy.memory.entryRatio
        : host.hot.length > 0;
    const isExplained = explained.has(host.hostId) || gone.size > 0;
    return isHot && host.state === 'ready' && !isExplained
      ? [`${host.hostName} stays hot without a reason`]
      : [];
  });
}
