// Refuses a new VM the volumes that another VM of the cluster has: all hosts are asked, since each knows its own VMs only.
import { EvenkeelError } from '../../shared/errors.ts';
import type { FindVolumeUsersResponse, StorageUseInput, VmSpec } from '../../shared/gen/agent.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { HostView } from '../cluster/view.ts';
import type { Core } from '../core.ts';
import { eachHost, type Silent } from './each-host.ts';

// The host of the VM may have to refresh a pool on slow storage, to see a volume that another host has made.
const LOOK_TIMEOUT_MS = 20 * SECOND_MS;

/** Throws FAILED_PRECONDITION with the VM and its host, UNAVAILABLE when a host that may have such a VM does not answer. */
export async function refuseVolumesInUse(
  core: Core,
  hostId: string,
  spec: VmSpec,
  signal: AbortSignal,
): Promise<void> {
  const wanted = usesOf(spec);
  const host = core.view.hosts.get(hostId);
  if (wanted.length === 0 || host === undefined) return;
  const agent = core.agents.of(hostId);
  const wait = { signal, timeoutMs: LOOK_TIMEOUT_MS };
  const here = await agent
    .findVolumeUsers({ uses: wanted, here: true }, wait)
    .catch((error: unknown): FindVolumeUsersResponse => {
      throw unknown(wanted, { host, error });
    });
  refuseUsers(wanted, host, here);
  // A volume that its own host does not know is refused there, in better words.
  const { uses } = here;
  if (uses.length === 0) return;
  const others = [...core.view.hosts.values()].filter((other) => other.hostId !== hostId);
  const silent = await eachHost(others, signal, async (other, soon) => {
    refuseUsers(wanted, other, await core.agents.of(other.hostId).findVolumeUsers({ uses }, soon));
  });
  const refused = silent.find(({ error }) => error instanceof InUse);
  if (refused !== undefined) throw refused.error;
  const [first] = silent;
  const unsure = uses.filter(({ writes, local }) => writes && !local);
  if (first !== undefined && unsure.length > 0) throw unknown(unsure, first);
}

class InUse extends EvenkeelError {
  constructor(message: string) {
    super('FAILED_PRECONDITION', message);
  }
}

function refuseUsers(
  wanted: readonly StorageUseInput[],
  { hostName }: HostView,
  { users }: FindVolumeUsersResponse,
): void {
  const [user] = users;
  if (user === undefined) return;
  const { field, path, vmName, device } = user;
  const use = wanted.find((each) => each.field === field);
  throw new InUse(
    `${field}: ${use === undefined ? path : nameOf(use)} is in use by VM ${vmName} on ${hostName} (disk ${device}${path === '' ? '' : `, ${path}`}); ` +
      'take another volume, or remove that VM first',
  );
}

function unknown(uses: readonly StorageUseInput[], { host, error }: Silent): EvenkeelError {
  const [use] = uses;
  const what = use === undefined ? 'a volume' : nameOf(use);
  const isOld = error instanceof EvenkeelError && error.code === 'UNIMPLEMENTED';
  return new EvenkeelError(
    'UNAVAILABLE',
    `${use?.field ?? 'disks'}: ${host.hostName} does not say whether a VM there uses ${what}; ` +
      (isOld
        ? 'upgrade evenkeel-agent there'
        : `check evenkeel-agent there (${error instanceof Error ? error.message : String(error)})`),
    error,
  );
}

function nameOf({ pool = '', volume = '', path = '' }: StorageUseInput): string {
  return pool === '' ? path : `volume ${pool}/${volume}`;
}

/** The existing volumes that the VM would write, and its installation image. */
function usesOf({ disks, iso }: VmSpec): StorageUseInput[] {
  const uses = disks.flatMap(({ pool, existing, shareable = false }, index): StorageUseInput[] =>
    existing === undefined
      ? []
      : [{ pool, volume: existing, writes: true, shareable, field: `disks[${index}].existing` }],
  );
  if (iso === '') return uses;
  const [pool = '', ...rest] = iso.split('/');
  const image = iso.startsWith('/') ? { path: iso } : { pool, volume: rest.join('/') };
  return [...uses, { ...image, writes: false, field: 'iso' }];
}
