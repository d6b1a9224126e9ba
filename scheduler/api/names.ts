// Finds hosts and VMs by id or name. The error for an unknown name lists the known ones.
import { EvenkeelError, invalidField } from '../../shared/errors.ts';
import { addressed, rivalsOf } from '../cluster/identity.ts';
import { hostById, type ClusterView, type HostView, type VmView } from '../cluster/view.ts';

// More names than this make an error text unreadable.
const NAMES_SHOWN = 20;

/** The host with this id or name. Throws INVALID_ARGUMENT, NOT_FOUND, or FAILED_PRECONDITION for an ambiguous name. */
export function findHost(view: ClusterView, field: string, idOrName: string): HostView {
  if (idOrName === '') throw invalidField(field, 'must be the id or name of a host');
  const hosts = [...view.hosts.values()];
  const byId = hostById(view, idOrName);
  if (byId !== undefined && !isShared(view, byId)) return byId;
  const meant = hosts.filter(({ hostName, hostId, report }) =>
    [hostName, hostId, report.hostId].includes(idOrName),
  );
  const [first, ...more] = meant;
  if (first === undefined)
    throw unknown(
      field,
      idOrName,
      'host',
      hosts.map(({ hostName }) => hostName),
    );
  if (more.length === 0) return first;
  throw ambiguous(
    field,
    `${meant.length} hosts are called`,
    idOrName,
    meant.map((host) => `${host.hostId} is ${addressed(host)}`),
  );
}

/** Its plain id names all machines that report it. */
function isShared(view: ClusterView, host: HostView): boolean {
  return host.hostId === host.report.hostId && rivalsOf(view.hosts, host).length > 0;
}

/** Lists what each id stands for. */
function ambiguous(field: string, what: string, text: string, ids: readonly string[]): EvenkeelError {
  const shown = ids.slice(0, NAMES_SHOWN).join(', ');
  const rest = ids.length > NAMES_SHOWN ? `, and ${ids.length - NAMES_SHOWN} more` : '';
  return new EvenkeelError(
    'FAILED_PRECONDITION',
    `${field}: ${what} "${text}"; give the id instead: ${shown}${rest}`,
  );
}

/** The active VM with this uuid or name; undefined when no host reports one. */
export function findActiveVm(view: ClusterView, field: string, uuidOrName: string): VmView | undefined {
  if (uuidOrName === '') throw invalidField(field, 'must be the uuid or name of a VM');
  const vms = activeVms(view);
  const found =
    vms.find(({ uuid }) => uuid === uuidOrName) ?? vms.filter(({ sample }) => sample.name === uuidOrName);
  if (!Array.isArray(found)) return found;
  const [first, ...more] = found;
  if (more.length === 0) return first;
  throw ambiguous(
    field,
    `${found.length} VMs have the name`,
    uuidOrName,
    found.map(({ uuid, hostId = '' }) => `${uuid} on ${view.hosts.get(hostId)?.hostName ?? 'no host'}`),
  );
}

/** The NOT_FOUND error, with the names of the running VMs. */
export function unknownVm(view: ClusterView, field: string, uuidOrName: string): EvenkeelError {
  const names = activeVms(view).map(({ sample }) => sample.name);
  return unknown(field, uuidOrName, 'VM', names, 'running');
}

export function activeVms(view: ClusterView): VmView[] {
  return [...view.vms.values()].filter(({ hostId }) => hostId !== undefined);
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
