// Logs hosts that join, that come back under another id, and that share an id with another machine: once for each change.
import type { HostReport } from '../../shared/gen/telemetry.ts';
import type { Logger } from '../../shared/log.ts';
import { addressed, rivalsOf } from './identity.ts';
import type { ClusterView } from './view.ts';

// As many hosts as there may be; a flood of made-up ids must not grow it without limit.
const SEEN_MAX = 5_000;

export class IdentityLog {
  readonly #view: ClusterView;
  readonly #logger: Logger;
  /** By key of the view: the last id that it had before, and the machines that share it. */
  readonly #seen = new Map<string, { readonly formerId: string; readonly sharedBy: string }>();

  constructor(view: ClusterView, logger: Logger) {
    this.#view = view;
    this.#logger = logger;
  }

  /** Call after the report was folded into the view. */
  note({ hostId, hostName, bootId }: HostReport): void {
    const host = [...this.#view.hosts.values()].find(
      ({ report }) => report.bootId === bootId && report.hostId === hostId,
    );
    if (host === undefined) return;
    const known = this.#seen.get(host.hostId);
    const formerId = host.formerIds.at(-1) ?? '';
    const sharedBy = [host, ...rivalsOf(this.#view.hosts, host)].map(addressed).sort().join(' and ');
    if (known?.formerId === formerId && known.sharedBy === sharedBy) return;
    if (this.#seen.size >= SEEN_MAX) this.#seen.clear();
    this.#seen.set(host.hostId, { formerId, sharedBy });
    if (known === undefined) this.#logger.info({ host: hostName, hostId }, 'host joined');
    if (formerId !== '' && known?.formerId !== formerId)
      this.#logger.warn(
        { host: hostName, hostId, hostIdBefore: formerId },
        'host reports under another id than before and is taken for the same machine; set host_uuid in libvirtd.conf to keep one id',
      );
    if (host.sharedUntilMs > 0 && sharedBy !== known?.sharedBy)
      this.#logger.error(
        { hostId, sharedBy },
        'machines report under one host id, and none of them is used as source or target; set a different host_uuid in libvirtd.conf on all but one, and restart libvirtd there',
      );
  }
}
