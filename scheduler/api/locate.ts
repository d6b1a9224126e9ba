// Finds the host of a VM, also of one that is off: reports list only active VMs, so for others it asks all agents.
import type { WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { Vm } from '../../shared/gen/agent.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { HostView } from '../cluster/view.ts';
import type { Core } from '../core.ts';
import { findActiveVm, unknownVm } from './names.ts';

export interface Located {
  readonly host: HostView;
  readonly vm: Vm;
  readonly xml: string;
}

// Asking a thousand agents at once would open a thousand connections at the same moment.
const ASK_AT_ONCE = 32;
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
  const hosts = [...core.view.hosts.values()];
  const found: Located[] = [];
  const silent: string[] = [];
  const wait = { signal, timeoutMs: ASK_TIMEOUT_MS };
  const worker = async (): Promise<void> => {
    for (let host = hosts.pop(); host !== undefined; host = hosts.pop()) {
      const answer = await ask(core, host, uuidOrName, includeXml, wait);
      if (answer.kind === 'has') found.push(answer.found);
      if (answer.kind === 'silent') silent.push(answer.reason);
    }
  };
  await Promise.all(Array.from({ length: Math.min(ASK_AT_ONCE, hosts.length) }, worker));
  signal.throwIfAborted();
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
