// Finds the host of a VM, also of one that is off: reports list only active VMs, so for others it asks all agents.
import type { WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { Vm } from '../../shared/gen/agent.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { HostView } from '../cluster/view.ts';
import type { Core } from '../core.ts';
import { eachHost } from './each-host.ts';
import { findActiveVm, unknownVm } from './names.ts';

export interface Located {
  readonly host: HostView;
  readonly vm: Vm;
  readonly xml: string;
}

const ASK_TIMEOUT_MS = 5 * SECOND_MS;
// The form of a libvirt UUID; anything else is a name.
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Finds the VM with this uuid or name, as its host reports it now. Throws NOT_FOUND, or UNAVAILABLE when a silent host may have it. */
export async function locateVm(
  core: Core,
  uuidOrName: string,
  signal: AbortSignal,
  includeXml = false,
): Promise<Located> {
  const active = findActiveVm(core.view, 'vm', uuidOrName);
  const likely = core.view.hosts.get(active?.hostId ?? '');
  if (likely !== undefined) {
    const answer = await ask(core, likely, uuidOrName, includeXml, { signal, timeoutMs: ASK_TIMEOUT_MS });
    if (answer.kind === 'has' && !isIncoming(answer.found.vm)) return answer.found;
  }
  const { found, silent } = await askAll(core, uuidOrName, includeXml, signal);
  const [first, ...more] = preferActive(found.filter(({ vm }) => !isIncoming(vm)));
  if (more.length > 0 && first !== undefined)
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `vm: "${uuidOrName}" is on ${[first, ...more].map(({ host }) => host.hostName).join(' and on ')}; ` +
        'undefine the one that does not belong, or give the uuid',
    );
  if (first !== undefined) return first;
  if (silent.length > 0)
    throw new EvenkeelError(
      'UNAVAILABLE',
      `vm: "${uuidOrName}" is on no host that answers, but ${silent.slice(0, 3).join('; ')}`,
    );
  throw unknownVm(core.view, 'vm', uuidOrName);
}

/** Asks every host. A host that did not answer is returned with its error. */
export async function askAll(
  core: Core,
  uuidOrName: string,
  includeXml: boolean,
  signal: AbortSignal,
): Promise<{ found: Located[]; silent: string[] }> {
  const found: Located[] = [];
  const silent: string[] = [];
  await eachHost([...core.view.hosts.values()], signal, async (host, wait) => {
    const answer = await ask(core, host, uuidOrName, includeXml, wait);
    if (answer.kind === 'has') found.push(answer.found);
    if (answer.kind === 'silent') silent.push(answer.reason);
  });
  return { found, silent };
}

type Answer =
  | { readonly kind: 'has'; readonly found: Located }
  | { readonly kind: 'has_not' }
  | { readonly kind: 'silent'; readonly reason: string };

async function ask(
  core: Core,
  host: HostView,
  uuidOrName: string,
  includeXml: boolean,
  wait: WaitOptions,
): Promise<Answer> {
  const ref = UUID.test(uuidOrName) ? { uuid: uuidOrName.toLowerCase() } : { name: uuidOrName };
  try {
    const { vm, xml } = await core.agents.of(host.hostId).getVm(ref, includeXml, wait);
    return { kind: 'has', found: { host, vm, xml } };
  } catch (error) {
    if (error instanceof EvenkeelError && error.code === 'NOT_FOUND') return { kind: 'has_not' };
    return { kind: 'silent', reason: messageOf(error) };
  }
}

function isIncoming(vm: Vm): boolean {
  return vm.migrationRole === 'VM_MIGRATION_ROLE_INCOMING';
}

/** A VM that runs on one host and is merely defined on another belongs to the first. */
function preferActive(found: Located[]): Located[] {
  const active = found.filter(({ vm }) => vm.libvirtId >= 0);
  return active.length > 0 ? active : found;
}

/** The error for a command that only a running VM can follow: the VM is off, is unknown, or may be on a silent host. */
export async function notRunning(
  core: Core,
  uuidOrName: string,
  signal: AbortSignal,
): Promise<EvenkeelError> {
  const { host, vm } = await locateVm(core, uuidOrName, signal);
  const isOff = vm.libvirtId < 0;
  return new EvenkeelError(
    isOff ? 'FAILED_PRECONDITION' : 'UNAVAILABLE',
    isOff
      ? `vm: ${vm.name} is off on ${host.hostName}; start it first: evenkeel vm start ${vm.name}`
      : `vm: ${vm.name} has just started on ${host.hostName} and is in no report yet; try again`,
  );
}
