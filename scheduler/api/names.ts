// Finds hosts and VMs by id or name. The error for an unknown name lists the known ones.
import { EvenkeelError, invalidField } from '../../shared/errors.ts';
import type { ClusterView, HostView, VmView } from '../cluster/view.ts';

// More names than this make an error text unreadable.
const NAMES_SHOWN = 20;

/** The host with this id or name. Throws INVALID_ARGUMENT, NOT_FOUND, or FAILED_PRECONDITION for an ambiguous name. */
export function findHost(view: ClusterView, field: string, idOrName: string): HostView {
  if (idOrName === '') throw invalidField(field, 'must be the id or name of a host');
  const hosts = [...view.hosts.values()];
  return only(
    field,
    idOrName,
    'host',
    view.hosts.get(idOrName) ?? hosts.filter(({ hostName }) => hostName === idOrName),
    hosts.map(({ hostName }) => hostName),
  );
}

/** The active VM with this uuid or name; undefined when no host reports one. */
export function findActiveVm(view: ClusterView, field: string, uuidOrName: string): VmView | undefined {
  if (uuidOrName === '') throw invalidField(field, 'must be the uuid or name of a VM');
  const vms = activeVms(view);
  const found =
    vms.find(({ uuid }) => uuid === uuidOrName) ?? vms.filter(({ sample }) => sample.name === uuidOrName);
  if (Array.isArray(found) && found.length === 0) return undefined;
  return only(field, uuidOrName, 'VM', found, []);
}

/** The NOT_FOUND error, with the names of the running VMs. */
export function unknownVm(view: ClusterView, field: string, uuidOrName: string): EvenkeelError {
  const names = activeVms(view).map(({ sample }) => sample.name);
  return unknown(field, uuidOrName, 'VM', names, 'running');
}

export function activeVms(view: ClusterView): VmView[] {
  return [...view.vms.values()].filter(({ hostId }) => hostId !== undefined);
}

function only<T extends object>(
  field: string,
  text: string,
  kind: string,
  found: T | T[],
  known: readonly string[],
): T {
  if (!Array.isArray(found)) return found;
  const [first, ...more] = found;
  if (first === undefined) throw unknown(field, text, kind, known);
  if (more.length > 0)
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `${field}: ${found.length} ${kind}s have the name "${text}"; give the id instead`,
    );
  return first;
}

function unknown(
  field: string,
  text: string,
  kind: string,
  known: readonly string[],
  which = 'known',
): EvenkeelError {
  const names = [...known].sort();
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  const rest = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return new EvenkeelError(
    'NOT_FOUND',
    `${field}: no ${kind} "${text}"; ${which}: ${shown === '' ? 'none' : shown + rest}`,
  );
}
