// Removes what a failed creation made, in reverse order. Looks before it deletes.
import { Backoff } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { LibvirtAccess } from '../libvirt-access.ts';
import type { Connection } from '../libvirt/connection.ts';
import { DomainState, ErrorCode, UndefineFlag } from '../libvirt/constants.ts';
import { destroy, getState, lookupByUuid, undefine } from '../libvirt/domain.ts';
import { deleteVolume, lookupVolumeByName, type PoolRef } from '../libvirt/storage.ts';
import { orUndefined } from './storage.ts';

/** Noted before it is made, since a call that failed or timed out may have made it all the same. */
export type Made =
  | { readonly kind: 'volume'; readonly pool: PoolRef; readonly name: string }
  | { readonly kind: 'domain'; readonly uuid: string; readonly name: string };

// A volume that is still being copied cannot be deleted; a copy that has not ended after this is reported.
const UNDO_MAX_MS = 10 * 60_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 15_000;

export interface UndoContext {
  readonly access: LibvirtAccess;
  readonly clock: Clock;
  /** From 0 to below 1, for the jitter of retries. */
  readonly random: () => number;
  readonly logger: Logger;
}

/** Removes what was made; logs what it could not remove and returns a description of each. Does not throw. */
export async function undo(made: readonly Made[], context: UndoContext): Promise<string[]> {
  const { clock, logger } = context;
  const left: string[] = [];
  const deadlineMs = clock.monotonicMs() + UNDO_MAX_MS;
  for (const item of made.toReversed()) {
    const error = await removeInTime(item, context, deadlineMs);
    if (error === undefined) continue;
    logger.error({ item, err: error }, 'cannot remove what a failed creation made');
    left.push(`${describe(item)} (${messageOf(error)})`);
  }
  return left;
}

function describe(item: Made): string {
  return item.kind === 'volume'
    ? `volume ${item.name} of pool ${item.pool.name}`
    : `the definition of ${item.name}`;
}

/** Retries until it is gone: libvirt may be away or still busy with it. Returns the last error when time is up. */
async function removeInTime(
  item: Made,
  { access, clock, random }: UndoContext,
  deadlineMs: number,
): Promise<unknown> {
  const backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random });
  for (;;) {
    try {
      await access.own((connection) => remove(connection, item, access.timeoutMs));
      return undefined;
    } catch (error) {
      const waitMs = backoff.nextMs();
      if (clock.monotonicMs() + waitMs >= deadlineMs) return error;
      await clock.sleep(waitMs);
    }
  }
}

async function remove(connection: Connection, item: Made, timeoutMs: number): Promise<void> {
  const wait = { timeoutMs };
  if (item.kind === 'volume') {
    const volume = await orUndefined(
      lookupVolumeByName(connection, item.pool, item.name, wait),
      ErrorCode.noStorageVolume,
    );
    if (volume !== undefined) await deleteVolume(connection, volume, 0, wait);
    return;
  }
  const domain = await orUndefined(lookupByUuid(connection, item.uuid, wait), ErrorCode.noDomain);
  if (domain === undefined) return;
  const { state } = await getState(connection, domain, wait);
  if (state !== DomainState.shutoff) await destroy(connection, domain, 0, wait);
  await undefine(connection, domain, UndefineFlag.nvram, wait);
}
