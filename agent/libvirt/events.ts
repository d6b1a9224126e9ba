// Registers for libvirtd's events and decodes them into one union.
import type { WaitOptions } from '../../shared/clock.ts';
import type { Connection } from './connection.ts';
import { readDomain, type DomainRef } from './domain.ts';
import { readJobDetails, type JobStats } from './migration.ts';
import { Procedure } from './procedures.ts';
import { readTypedParams, type TypedParam } from './typed-params.ts';
import type { XdrReader } from './xdr.ts';

export type LibvirtEvent =
  | {
      readonly kind: 'lifecycle';
      readonly domain: DomainRef;
      readonly change: LifecycleChange;
      /** The reason, from `lifecycleDetails`; `unknown` if this client does not know it. */
      readonly detail: string;
    }
  | { readonly kind: 'reboot'; readonly domain: DomainRef }
  | {
      readonly kind: 'ioError';
      readonly domain: DomainRef;
      readonly path: string;
      readonly device: string;
      /** 0 nothing done, 1 the domain was paused, 2 reported to the guest */
      readonly action: number;
      readonly reason: string;
    }
  | { readonly kind: 'balloonChange'; readonly domain: DomainRef; readonly currentBytes: number }
  | { readonly kind: 'deviceAdded'; readonly domain: DomainRef; readonly device: string }
  | { readonly kind: 'deviceRemoved'; readonly domain: DomainRef; readonly device: string }
  | {
      readonly kind: 'blockJob';
      readonly domain: DomainRef;
      readonly disk: string;
      readonly type: number;
      readonly status: number;
    }
  | { readonly kind: 'tunable'; readonly domain: DomainRef; readonly params: readonly TypedParam[] }
  | {
      readonly kind: 'agentLifecycle';
      readonly domain: DomainRef;
      readonly state: number;
      readonly reason: number;
    }
  | { readonly kind: 'migrationIteration'; readonly domain: DomainRef; readonly iteration: number }
  | { readonly kind: 'jobCompleted'; readonly domain: DomainRef; readonly job: Omit<JobStats, 'type'> }
  | {
      readonly kind: 'metadataChange';
      readonly domain: DomainRef;
      /** MetadataType */
      readonly type: number;
      readonly namespaceUri?: string;
    }
  | {
      readonly kind: 'memoryFailure';
      readonly domain: DomainRef;
      /** 0 the hypervisor, 1 the guest */
      readonly recipient: number;
      readonly action: number;
      readonly flags: number;
    }
  /** The daemon lost its own connection to the hypervisor driver: every later call will fail. */
  | { readonly kind: 'connectionClosed'; readonly reason: number };

export type EventKind = LibvirtEvent['kind'];
type DomainEventKind = Exclude<EventKind, 'connectionClosed'>;

export type LifecycleChange = keyof typeof lifecycleDetails | 'unknown';

/** virDomainEventType in order, each with its details in order (libvirt-domain.h). */
export const lifecycleDetails = {
  defined: ['added', 'updated', 'renamed', 'fromSnapshot'],
  undefined: ['removed', 'renamed'],
  started: ['booted', 'migrated', 'restored', 'fromSnapshot', 'wakeup'],
  suspended: [
    'paused',
    'migrated',
    'ioError',
    'watchdog',
    'restored',
    'fromSnapshot',
    'apiError',
    'postCopy',
    'postCopyFailed',
  ],
  resumed: ['unpaused', 'migrated', 'fromSnapshot', 'postCopy', 'postCopyFailed'],
  stopped: ['shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'fromSnapshot'],
  shutdown: ['finished', 'guest', 'host'],
  pmSuspended: ['memory', 'disk'],
  crashed: ['panicked', 'crashLoaded'],
} as const;

const KIB = 1024;
/** REMOTE_DOMAIN_EVENT_TUNABLE_MAX */
const TUNABLES_MAX = 2048;

interface EventSpec {
  readonly eventId: number;
  readonly procedure: number;
  readonly read: (reader: XdrReader, domain: DomainRef) => LibvirtEvent;
}

/** virDomainEventID, message procedure, and what follows the callback id and the domain. */
const domainEvents: Readonly<Record<DomainEventKind, EventSpec>> = {
  lifecycle: { eventId: 0, procedure: Procedure.domainEventLifecycle, read: readLifecycle },
  reboot: {
    eventId: 1,
    procedure: Procedure.domainEventReboot,
    read: (_, domain) => ({ kind: 'reboot', domain }),
  },
  ioError: {
    eventId: 6,
    procedure: Procedure.domainEventIoErrorReason,
    read: (reader, domain) => ({
      kind: 'ioError',
      domain,
      path: reader.string(),
      device: reader.string(),
      action: reader.int(),
      reason: reader.string(),
    }),
  },
  balloonChange: {
    eventId: 13,
    procedure: Procedure.domainEventBalloonChange,
    read: (reader, domain) => ({ kind: 'balloonChange', domain, currentBytes: reader.uhyper() * KIB }),
  },
  deviceRemoved: {
    eventId: 15,
    procedure: Procedure.domainEventDeviceRemoved,
    read: (reader, domain) => ({ kind: 'deviceRemoved', domain, device: reader.string() }),
  },
  blockJob: {
    eventId: 16,
    procedure: Procedure.domainEventBlockJob2,
    read: (reader, domain) => ({
      kind: 'blockJob',
      domain,
      disk: reader.string(),
      type: reader.int(),
      status: reader.int(),
    }),
  },
  tunable: {
    eventId: 17,
    procedure: Procedure.domainEventTunable,
    read: (reader, domain) => ({ kind: 'tunable', domain, params: readTypedParams(reader, TUNABLES_MAX) }),
  },
  agentLifecycle: {
    eventId: 18,
    procedure: Procedure.domainEventAgentLifecycle,
    read: (reader, domain) => ({
      kind: 'agentLifecycle',
      domain,
      state: reader.int(),
      reason: reader.int(),
    }),
  },
  deviceAdded: {
    eventId: 19,
    procedure: Procedure.domainEventDeviceAdded,
    read: (reader, domain) => ({ kind: 'deviceAdded', domain, device: reader.string() }),
  },
  migrationIteration: {
    eventId: 20,
    procedure: Procedure.domainEventMigrationIteration,
    read: (reader, domain) => ({ kind: 'migrationIteration', domain, iteration: reader.int() }),
  },
  jobCompleted: {
    eventId: 21,
    procedure: Procedure.domainEventJobCompleted,
    read: (reader, domain) => ({ kind: 'jobCompleted', domain, job: readJobDetails(reader) }),
  },
  metadataChange: {
    eventId: 23,
    procedure: Procedure.domainEventMetadataChange,
    read: (reader, domain) => {
      const type = reader.int();
      const namespaceUri = reader.optionalString();
      return {
        kind: 'metadataChange',
        domain,
        type,
        ...(namespaceUri === undefined ? {} : { namespaceUri }),
      };
    },
  },
  memoryFailure: {
    eventId: 25,
    procedure: Procedure.domainEventMemoryFailure,
    read: (reader, domain) => ({
      kind: 'memoryFailure',
      domain,
      recipient: reader.int(),
      action: reader.int(),
      flags: reader.uint(),
    }),
  },
};

function readLifecycle(reader: XdrReader, domain: DomainRef): LibvirtEvent {
  const [change, details] = Object.entries(lifecycleDetails)[reader.int()] ?? ['unknown', []];
  return {
    kind: 'lifecycle',
    domain,
    change: isLifecycleChange(change) ? change : 'unknown',
    detail: details[reader.int()] ?? 'unknown',
  };
}

function isLifecycleChange(name: string): name is keyof typeof lifecycleDetails {
  return name in lifecycleDetails;
}

const specByProcedure = new Map(Object.values(domainEvents).map((spec) => [spec.procedure, spec]));

/** Decodes one message; undefined if it is not one of these events. */
export function readEvent(procedure: number, reader: XdrReader): LibvirtEvent | undefined {
  if (procedure === Procedure.connectEventConnectionClosed) {
    const reason = reader.int();
    reader.end();
    return { kind: 'connectionClosed', reason };
  }
  const spec = specByProcedure.get(procedure);
  if (spec === undefined) {
    return undefined;
  }
  // The callback id is not needed: a kind is registered at most once on a connection, so the procedure identifies it.
  reader.int();
  const event = spec.read(reader, readDomain(reader));
  reader.end();
  return event;
}

/** Returned by registerEvents, for deregisterEvents. */
export interface EventRegistration {
  readonly callbackIds: readonly number[];
  readonly stop: () => void;
  readonly watchesConnection: boolean;
}

/**
 * Delivers every event of these kinds, of all domains, to `listener` until deregistered or the connection ends.
 * At most one registration of a kind on a connection. Events may arrive before this resolves.
 */
export async function registerEvents(
  connection: Connection,
  kinds: readonly EventKind[],
  listener: (event: LibvirtEvent) => void,
  wait: WaitOptions,
): Promise<EventRegistration> {
  const wanted = new Set<EventKind>(kinds);
  const stop = connection.onEvent((procedure, reader) => {
    const event = readEvent(procedure, reader);
    if (event !== undefined && wanted.has(event.kind)) {
      listener(event);
    }
  });
  const callbackIds: number[] = [];
  try {
    for (const kind of wanted) {
      if (kind === 'connectionClosed') {
        await callEmpty(connection, 'connectRegisterCloseCallback', wait);
      } else {
        callbackIds.push(await register(connection, domainEvents[kind].eventId, wait));
      }
    }
  } catch (error) {
    stop();
    throw error;
  }
  return { callbackIds, stop, watchesConnection: wanted.has('connectionClosed') };
}

function register(connection: Connection, eventId: number, wait: WaitOptions): Promise<number> {
  return connection.call(
    'connectDomainEventCallbackRegisterAny',
    // No domain given: events of all domains.
    (writer) => writer.int(eventId).uint(0),
    (reader) => reader.int(),
    wait,
  );
}

export async function deregisterEvents(
  connection: Connection,
  registration: EventRegistration,
  wait: WaitOptions,
): Promise<void> {
  registration.stop();
  for (const callbackId of registration.callbackIds) {
    await connection.call(
      'connectDomainEventCallbackDeregisterAny',
      (writer) => writer.int(callbackId),
      () => undefined,
      wait,
    );
  }
  if (registration.watchesConnection) {
    await callEmpty(connection, 'connectUnregisterCloseCallback', wait);
  }
}

function callEmpty(
  connection: Connection,
  name: 'connectRegisterCloseCallback' | 'connectUnregisterCloseCallback',
  wait: WaitOptions,
): Promise<void> {
  return connection.call(
    name,
    () => undefined,
    () => undefined,
    wait,
  );
}
