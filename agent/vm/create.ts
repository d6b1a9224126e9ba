// Creates a VM: volumes, definition, start. A failure at any point removes what was made, and nothing else.
import { randomUUID } from 'node:crypto';
import { DeadlineError, EvenkeelError, invalidField, messageOf } from '../../shared/errors.ts';
import type { CreateVmRequest, VmInput } from '../../shared/gen/agent.ts';
import { MINUTE_MS } from '../../shared/units.ts';
import { translateLibvirt } from '../libvirt-errors.ts';
import type { Connection } from '../libvirt/connection.ts';
import { DefineFlag, ErrorCode } from '../libvirt/constants.ts';
import { define, lookupByName, start, type DomainRef } from '../libvirt/domain.ts';
import { createVolume, createVolumeFrom, getVolumeInfo, resizeVolume } from '../libvirt/storage.ts';
import type { Creations } from './creations.ts';
import { resolveSpec, type HostLook, type ResolvedDisk, type ResolvedSpec } from './resolve.ts';
import { checkSpec, type CheckedSpec, type HostSize } from './spec.ts';
import { orUndefined } from './storage.ts';
import { undo, type Made, type UndoContext } from './undo.ts';
import { viewVm } from './view.ts';
import { describeVolume } from './volume.ts';
import { device, domainXml, volumeXml, type DiskPlan } from './xml.ts';

export interface CreateContext extends UndoContext {
  readonly creations: Creations;
  readonly look: HostLook;
  hostSize(): HostSize;
  newUuid(): string;
}

export type CreateVm = (request: CreateVmRequest, signal: AbortSignal) => Promise<VmInput>;

// At 300 MB/s, a slow disk array, a copy of 1 TiB takes just under an hour.
const COPY_TIMEOUT_MS = 60 * MINUTE_MS;
// Starting waits for QEMU, which takes seconds on a loaded host, and longer with many disks.
const START_TIMEOUT_MS = MINUTE_MS;
// Each holds one of libvirt's connections (20 unauthenticated, 5,000 in all) and copies a disk.
const CREATIONS_MAX = 8;

/** Returns the function that carries out CreateVm; it refuses a name that is already being created. */
export function createCreator(context: CreateContext): CreateVm {
  const names = new Set<string>();
  const volumes = new Set<string>();
  return async (request, signal) => {
    if (request.spec === null) throw invalidField('spec', 'is missing');
    const spec = checkSpec(request.spec, context.hostSize(), context.clock.nowMs());
    if (names.has(spec.name)) throw nameTaken(spec.name, 'is being created now');
    if (names.size >= CREATIONS_MAX)
      throw new EvenkeelError(
        'RESOURCE_EXHAUSTED',
        `create VM ${spec.name}: ${CREATIONS_MAX} others are being created; try again`,
      );
    const given = spec.disks.flatMap((disk) =>
      disk.kind === 'existing' && !disk.shareable ? [`${disk.pool}/${disk.volume}`] : [],
    );
    const taken = given.find((volume) => volumes.has(volume));
    if (taken !== undefined)
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `disks: volume ${taken} is being given to another VM now; take another volume`,
      );
    names.add(spec.name);
    given.forEach((volume) => volumes.add(volume));
    try {
      return await context.access.own(
        (connection) => createVm(connection, context, { spec, startIt: request.start, signal }),
        signal,
      );
    } catch (error) {
      throw translateLibvirt(`create VM ${spec.name}`, error);
    } finally {
      names.delete(spec.name);
      given.forEach((volume) => volumes.delete(volume));
    }
  };
}

function nameTaken(name: string, how: string): EvenkeelError {
  return new EvenkeelError('ALREADY_EXISTS', `name: VM ${name} ${how}; choose another name`);
}

interface Order {
  readonly spec: CheckedSpec;
  readonly startIt: boolean;
  readonly signal: AbortSignal;
}

async function createVm(connection: Connection, context: CreateContext, order: Order): Promise<VmInput> {
  const { timeoutMs } = context.access;
  const creation = randomUUID();
  const made: Made[] = [];
  const note = (item: Made): Promise<void> => {
    made.push(item);
    return context.creations.note(creation, made);
  };
  try {
    await refuseTakenName(connection, order.spec.name, timeoutMs);
    const resolved = await resolveSpec(connection, order.spec, context.look, {
      timeoutMs,
      signal: order.signal,
    });
    const uuid = context.newUuid();
    const domain = await make(connection, { ...order, uuid, note, timeoutMs }, resolved);
    return (await viewVm(connection, domain, context.clock.nowMs(), { timeoutMs })).vm;
  } catch (error) {
    throw await afterUndo(error, made, context);
  } finally {
    await context.creations.end(creation).catch((error: unknown) => {
      context.logger.warn({ err: error, made }, 'cannot delete the note of a creation that has ended');
    });
  }
}

async function refuseTakenName(connection: Connection, name: string, timeoutMs: number): Promise<void> {
  const known = await orUndefined(lookupByName(connection, name, { timeoutMs }), ErrorCode.noDomain);
  if (known !== undefined) throw nameTaken(name, `exists on this host with UUID ${known.uuid}`);
}

interface Making extends Order {
  readonly uuid: string;
  /** Resolves when the note that this is about to be made is on disk. */
  readonly note: (item: Made) => Promise<void>;
  readonly timeoutMs: number;
}

/**
 * Steps that change something ignore the signal and run to their end, so that their outcome is known; the signal is
 * checked between steps. What a step makes is noted, on disk too, before the step.
 */
async function make(
  connection: Connection,
  { spec, startIt, signal, uuid, note, timeoutMs }: Making,
  resolved: ResolvedSpec,
): Promise<DomainRef> {
  const disks: DiskPlan[] = [];
  for (const [index, disk] of resolved.disks.entries()) {
    signal.throwIfAborted();
    const name = `${spec.name}-${uuid}-${device('vd', index)}`;
    disks.push(
      disk.kind === 'existing' ? disk.disk : await makeVolume(connection, disk, name, { note, timeoutMs }),
    );
  }
  signal.throwIfAborted();
  const xml = domainXml({ ...spec, ...resolved, uuid, disks });
  await note({ kind: 'domain', uuid, name: spec.name });
  const domain = await define(connection, xml, DefineFlag.validate, { timeoutMs }).catch(
    async (error: unknown) => {
      // libvirt answers "operation failed" to a name that was taken meanwhile; that code says nothing, so look up the name.
      await refuseTakenName(connection, spec.name, timeoutMs);
      throw error;
    },
  );
  signal.throwIfAborted();
  return startIt ? start(connection, domain, 0, { timeoutMs: START_TIMEOUT_MS }) : domain;
}

/** The VM's UUID in the name makes it unique, and shows later that the volume was made for this VM. */
async function makeVolume(
  connection: Connection,
  { pool, format, capacityBytes, from }: Extract<ResolvedDisk, { kind: 'make' }>,
  baseName: string,
  { note, timeoutMs }: Pick<Making, 'note' | 'timeoutMs'>,
): Promise<DiskPlan> {
  const name = format === undefined ? baseName : `${baseName}.${format}`;
  const xml = volumeXml({ name, capacityBytes, format });
  await note({ kind: 'volume', pool, name });
  const wait = { timeoutMs: COPY_TIMEOUT_MS };
  const volume =
    from === undefined
      ? await createVolume(connection, pool, { xml, flags: 0 }, wait)
      : await createVolumeFrom(connection, pool, { xml, from, flags: 0 }, wait);
  // A copy is as large as its image, whatever size was requested.
  if (from !== undefined && (await getVolumeInfo(connection, volume, wait)).capacityBytes < capacityBytes)
    await resizeVolume(connection, volume, capacityBytes, wait);
  return { ...(await describeVolume(connection, pool, volume, { timeoutMs })), shareable: false };
}

/** True if makeVolume made the volume for the VM with this UUID. */
export function isVolumeOf(uuid: string, volumeName: string): boolean {
  return volumeName.includes(`-${uuid}-vd`);
}

async function afterUndo(error: unknown, made: readonly Made[], context: CreateContext): Promise<unknown> {
  const left = await undo(made, context);
  if (left.length === 0) return error instanceof DeadlineError ? rolledBack(error) : error;
  return new EvenkeelError(
    'INTERNAL',
    `${messageOf(error)}; left behind, remove by hand: ${left.join(', ')}`,
    error,
  );
}

/** A missed deadline whose outcome is known after all: everything was removed. */
function rolledBack(error: DeadlineError): EvenkeelError {
  return new EvenkeelError('ABORTED', `${error.message}; everything that was made has been removed`, error);
}
