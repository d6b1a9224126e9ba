// Who may move and who may take it: every "no" is a value with a code, a reason and a cure.
import type { Refusal } from '../../shared/gen/evenkeel/v1/Refusal.ts';
import { formatBytes } from '../../shared/units.ts';
import { meanOfLast } from '../cluster/load.ts';
import { isForPerson } from '../migrations/machine.ts';
import { comfortRatio, RESOURCES, type Policy, type Resource } from './policy.ts';
import { coreEquivalents, gainOf, withVm, type Amounts } from './cost.ts';
import { ratioOf, type ClusterModel, type HostModel, type VmModel } from './model.ts';

// A VM that carries less than this share of what is too much would need fifty like it to help: that is churn, not relief.
const RELIEF_MIN_RATIO = 0.02;
// Guests wait for CPU on the source only when more is wanted than there is.
const FULL_RATIO = 1;
// A crowded target must end at least this much below what the source has now, or the hot spot is only carried about.
const COOLER_MIN_RATIO = 0.1;

export function refusal(code: string, reason: string, cure: string, vm?: VmModel, host?: HostModel): Refusal {
  return {
    code,
    reason,
    cure,
    vmUuid: vm?.uuid ?? '',
    vmName: vm?.name ?? '',
    hostId: host?.hostId ?? '',
    hostName: host?.hostName ?? '',
  };
}

/** Why nothing may be decided about the host; also holds for orders by people. */
export function unusable(host: HostModel): Refusal | undefined {
  switch (host.state) {
    case 'HOST_STATE_STALE':
      return refusal(
        'stale',
        'its last report is too old',
        "check that evenkeel-agent runs there, reaches NATS, and that the host's clock is right",
        undefined,
        host,
      );
    case 'HOST_STATE_UNKNOWN':
      return refusal(
        'unknown',
        'libvirt does not answer its agent',
        'check libvirtd on that host',
        undefined,
        host,
      );
    case 'HOST_STATE_READY':
      return undefined;
  }
}

/** Why the host takes no VM now, whichever it is; `ordered` by a person. */
export function refuseTarget(model: ClusterModel, host: HostModel, ordered = false): Refusal | undefined {
  const no = (code: string, reason: string, cure: string): Refusal =>
    refusal(code, reason, cure, undefined, host);
  const bad = unusable(host);
  if (bad !== undefined) return bad;
  // A person's order waits for the way in to be free.
  if (ordered) return undefined;
  if (host.migrationsIn > 0)
    return no('receiving', 'a migration to it is under way', 'wait until it has ended');
  if (host.hot.length > 0)
    return no('hot', `it is hot itself in ${host.hot.join(' and ')}`, 'relieve it, or add a host');
  if (host.migrationsOut > 0)
    return no('sending', 'a migration away from it is under way', 'wait until it has ended');
  if (host.samples < model.policy.hotSamples)
    return no(
      'settling',
      `only ${host.samples} of ${model.policy.hotSamples} samples since it joined or a VM came or went`,
      'wait a few sampling intervals',
    );
  return undefined;
}

/** Why the VM may not move now, whatever the target; `ordered` by a person. */
export function refuseVm(model: ClusterModel, vm: VmModel, ordered = false): Refusal | undefined {
  const no = (code: string, reason: string, cure: string): Refusal => refusal(code, reason, cure, vm);
  const { sample, alsoOnHostIds } = vm.view;
  if (alsoOnHostIds.length > 0)
    return no(
      'ambiguous',
      'more than one host shows it running',
      'look at once: stop the copy that must not run',
    );
  const active = model.ledger.activeByVm.get(vm.uuid);
  if (active !== undefined && isForPerson(active.state))
    return no(
      'unknown_outcome',
      `how migration ${active.migrationId} of it ended is unknown: ${active.outcome}`,
      'put it in order by hand; evenkeel looks again by itself',
    );
  if (active !== undefined)
    return no('migrating', 'a migration of it is under way', 'wait, or see "evenkeel migrations"');
  if (sample.migrationRole !== 'VM_MIGRATION_ROLE_UNSPECIFIED')
    return no('migrating', 'it is in a migration that evenkeel did not order', 'wait until it has ended');
  if (sample.stuck)
    return no('stuck', 'its QEMU does not answer', 'see why: storage that hangs is the usual cause');
  if (sample.state !== 'VM_STATE_RUNNING' && sample.state !== 'VM_STATE_BLOCKED')
    return no('not_running', `it is ${stateWord(sample.state)}`, 'resume or start it');
  return ordered ? undefined : refuseUnasked(model, vm);
}

function refuseUnasked(model: ClusterModel, vm: VmModel): Refusal | undefined {
  const no = (code: string, reason: string, cure: string): Refusal => refusal(code, reason, cure, vm);
  if (vm.view.sample.metadata?.rules?.neverMove === true)
    return no('never_move', 'its rules say never_move', 'a person may still move it: "evenkeel migrate"');
  const coolDown = model.ledger.coolDowns.get(vm.uuid);
  if (coolDown !== undefined)
    return no(
      'cooling_down',
      `it cools down until ${clockTime(coolDown.untilMs)} after its last migration`,
      'wait, or move it yourself: "evenkeel migrate"',
    );
  if (vm.samples < model.policy.windowSamples)
    return no(
      'no_history',
      `only ${vm.samples} of ${model.policy.windowSamples} samples of it so far`,
      'wait a few intervals',
    );
  return undefined;
}

/** Why taking a VM away would not relieve the host; `meanVm` is what its VMs want on average. */
export function refuseRelief(
  model: ClusterModel,
  source: HostModel,
  vm: VmModel,
  meanVm: Amounts,
): Refusal | undefined {
  const relieves = source.hot.some((resource) => {
    const { amount, capacity } = source.now[resource];
    const excess = amount - comfortRatio(model.policy, resource) * capacity;
    // A good part of what is too much, or as much as its neighbours have: many small ones add up.
    return vm.now[resource] > 0 && vm.now[resource] >= Math.min(RELIEF_MIN_RATIO * excess, meanVm[resource]);
  });
  if (relieves) return undefined;
  return refusal(
    'too_little',
    `it uses next to nothing of the ${source.hot.join(' and ')} that is short`,
    'none needed: moving it would not help',
    vm,
  );
}

/** What a VM of the host wants on average. */
export function meanOfVms({ vms }: HostModel): Amounts {
  const mean = (resource: Resource): number =>
    meanOfLast(
      vms.map(({ now }) => now[resource]),
      vms.length,
    );
  return { cpu: mean('cpu'), memory: mean('memory') };
}

/** Why this VM may not go to this host whatever the load is: size, memory, an earlier refusal. Holds for people's orders too. */
export function refuseFit(model: ClusterModel, vm: VmModel, target: HostModel): Refusal | undefined {
  const no = (code: string, reason: string, cure: string): Refusal => refusal(code, reason, cure, vm, target);
  const { vcpus } = vm.view.sample;
  if (vcpus > target.now.cpu.capacity)
    return no(
      'too_few_cores',
      `it has ${vcpus} vCPUs, the host ${target.now.cpu.capacity} cores`,
      'choose a larger host',
    );
  return refuseMemory(model.policy, target, vm.memoryMaxBytes, vm.peak.memory, vm);
}

/** Memory is never planned beyond what is there less the reserve, neither by use nor by what VMs may grow to. */
export function refuseMemory(
  policy: Policy,
  target: HostModel,
  memoryMaxBytes: number,
  memoryUsedBytes: number,
  vm?: VmModel,
): Refusal | undefined {
  const { capacity } = target.now.memory;
  const limit = capacity * (1 - policy.memoryReserveRatio);
  const allocated = target.memoryAllocatedBytes + memoryMaxBytes;
  const used = target.peak.memory.amount + memoryUsedBytes;
  if (allocated <= limit && used <= limit) return undefined;
  const [code, what, amount] =
    allocated > limit
      ? (['memory_allocation', 'its VMs could then grow to', allocated] as const)
      : (['memory_use', 'its memory in use would be', used] as const);
  return refusal(
    code,
    `${what} ${formatBytes(amount)}, more than its ${formatBytes(capacity)} less the reserve`,
    'choose a host with more free memory',
    vm,
    target,
  );
}

/** Why the move would do no good; undefined when it would. The rule and its reason: docs/adr/0001-when-a-move-helps.md. */
export function refuseGain(
  model: ClusterModel,
  source: HostModel,
  vm: VmModel,
  target: HostModel,
): Refusal | undefined {
  const { policy } = model;
  const no = (code: string, reason: string, cure: string): Refusal => refusal(code, reason, cure, vm, target);
  const refused = model.ledger.refusedTargets.get(vm.uuid)?.find(({ hostId }) => hostId === target.hostId);
  if (refused !== undefined)
    return no('target_refused', refused.reason, 'mend that; it is tried again later');
  for (const crowded of crowdedResources(policy, vm, target))
    if (crowded === 'memory' || !relievesWaiting(source, vm, target))
      return no(
        `${crowded}_limit`,
        `its ${crowded} would come to ${percent(peakRatio(vm, target, crowded))}, beyond ${percent(comfortRatio(policy, crowded))}`,
        'add a host, or make room there',
      );
  const moved = Math.max(...source.hot.map((resource) => coreEquivalents(resource, vm.now[resource])));
  if (gainOf(source.now, target.now, vm.now, policy) < policy.gainMin * moved)
    return no('no_gain', 'the pair of hosts would be no better off', 'add a host, or make the VM smaller');
  return undefined;
}

/** The resources in which the target would leave its comfort level at its peak. */
function crowdedResources(policy: Policy, vm: VmModel, target: HostModel): Resource[] {
  return RESOURCES.filter((resource) => peakRatio(vm, target, resource) > comfortRatio(policy, resource));
}

/** True when the target stays within its comfort level in everything: the move leaves nobody worse off. */
export function isComfortable(policy: Policy, vm: VmModel, target: HostModel): boolean {
  return crowdedResources(policy, vm, target).length === 0;
}

/** Guests on the source wait for CPU, and with the VM on it the target would still be clearly cooler than that. */
function relievesWaiting(source: HostModel, vm: VmModel, target: HostModel): boolean {
  const before = ratioOf(source.now, 'cpu');
  const after = ratioOf(withVm(target.now, vm.now, 1), 'cpu');
  return source.hot.includes('cpu') && before > FULL_RATIO && after <= before - COOLER_MIN_RATIO;
}

function peakRatio(vm: VmModel, target: HostModel, resource: Resource): number {
  return ratioOf(withVm(target.peak, vm.peak, 1), resource);
}

export function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}

/** "14:05:09 UTC": within the day is enough for cool-downs and samples. */
export function clockTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 19)} UTC`;
}

export function stateWord(state: string): string {
  return state.replace('VM_STATE_', '').toLowerCase().replaceAll('_', ' ');
}
