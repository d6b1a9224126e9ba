// Finds the hosts that an operator's word means now, though libvirt may have given the machine another id since.
import { hostById, type ClusterView, type HostView } from '../cluster/view.ts';

/**
 * The host with the id, or that had it before. When none is known, every host of that name: what was said about a host
 * holds until it is taken back.
 */
export function hostsMeant(
  view: ClusterView,
  { hostId, hostName }: { readonly hostId: string; readonly hostName: string },
): HostView[] {
  const known = hostById(view, hostId);
  return known === undefined
    ? [...view.hosts.values()].filter((host) => host.hostName === hostName)
    : [known];
}
