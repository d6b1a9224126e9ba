// What load costs a host: convex, over all resources, nothing below the comfort level (docs/adr/0001-when-a-move-helps.md).
import { comfortRatio, RESOURCES, type Policy, type Resource } from './policy.ts';

/** Amount and capacity of each resource: cores, bytes. */
export type Loads = Readonly<Record<Resource, { readonly amount: number; readonly capacity: number }>>;

/** Amounts that a VM takes along. */
export type Amounts = Readonly<Record<Resource, number>>;

// General-purpose servers and instance families come with about 4 GiB for each core; makes bytes comparable with cores.
const MEMORY_BYTES_PER_CORE = 4 * 1024 ** 3;

/** Bytes or cores in the one unit of the cost. */
export function coreEquivalents(resource: Resource, amount: number): number {
  return resource === 'cpu' ? amount : amount / MEMORY_BYTES_PER_CORE;
}

/** Sum over resources of capacity x (load ratio beyond comfort)^2, in core equivalents. */
export function hostCost(loads: Loads, policy: Policy): number {
  return RESOURCES.reduce((sum, resource) => {
    const { amount, capacity } = loads[resource];
    const beyond = Math.max(0, amount / capacity - comfortRatio(policy, resource));
    return sum + coreEquivalents(resource, capacity) * beyond * beyond;
  }, 0);
}

/** The loads with a VM's amounts added (`sign` 1) or taken away (-1), never below nothing. */
export function withVm(loads: Loads, vm: Amounts, sign: 1 | -1): Loads {
  const shifted = (resource: Resource): Loads[Resource] => ({
    amount: Math.max(0, loads[resource].amount + sign * vm[resource]),
    capacity: loads[resource].capacity,
  });
  return { cpu: shifted('cpu'), memory: shifted('memory') };
}

/** Cost that disappears from the pair of hosts when the VM moves; negative when the move does harm. */
export function gainOf(source: Loads, target: Loads, vm: Amounts, policy: Policy): number {
  const before = hostCost(source, policy) + hostCost(target, policy);
  return before - hostCost(withVm(source, vm, -1), policy) - hostCost(withVm(target, vm, 1), policy);
}
