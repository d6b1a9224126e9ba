// Looks up, describes, defines and runs domains.
import type { WaitOptions } from '../../shared/clock.ts';
import type { Connection } from './connection.ts';
import { ControlState, DomainState, knownValue, MetadataType } from './constants.ts';
import type { ProcedureName } from './procedures.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

/** Identifies a domain in calls. libvirt goes by the uuid; name and id may be out of date. */
export interface DomainRef {
  readonly name: string;
  /** Lower case, with dashes. */
  readonly uuid: string;
  /** Changes with every start; -1 while not running. */
  readonly id: number;
}

export interface DomainStatus {
  readonly state: DomainState;
  /** `RunningReason`, `PausedReason` or `ShutoffReason`, depending on the state. */
  readonly reason: number;
}

export interface DomainInfo {
  readonly state: DomainState;
  readonly memoryMaximumBytes: number;
  readonly memoryBytes: number;
  readonly vcpus: number;
  readonly cpuTimeMs: number;
}

export interface ControlInfo {
  readonly state: ControlState;
  readonly details: number;
  /** Time spent in that state. */
  readonly stateTimeMs: number;
}

/** REMOTE_DOMAIN_LIST_MAX */
const DOMAINS_MAX = 16_384;
const KIB = 1024;
const NS_PER_MS = 1_000_000;
/** The id of a domain that does not run. */
const INACTIVE_ID = -1;

export function writeDomain(writer: XdrWriter, domain: DomainRef): XdrWriter {
  return writer.string(domain.name).uuid(domain.uuid).int(domain.id);
}

export function readDomain(reader: XdrReader): DomainRef {
  return { name: reader.string(), uuid: reader.uuid(), id: reader.int() };
}

/** A reference for callers that know only the uuid, which is all that libvirt needs. */
export function domainByUuid(uuid: string): DomainRef {
  return { name: '', uuid, id: INACTIVE_ID };
}

/** `flags`: ListDomainsFlag; 0 lists all. */
export function listDomains(connection: Connection, flags: number, wait: WaitOptions): Promise<DomainRef[]> {
  return connection.call(
    'connectListAllDomains',
    (writer) => writer.int(1).uint(flags),
    (reader) => readCounted(reader, DOMAINS_MAX, readDomain),
    wait,
  );
}

/** Reads the result of a CONNECT_LIST_ALL_… call: the elements, then their number. */
export function readCounted<T>(reader: XdrReader, countMax: number, item: (reader: XdrReader) => T): T[] {
  const items = reader.array(countMax, item);
  reader.uint();
  return items;
}

export function lookupByName(connection: Connection, name: string, wait: WaitOptions): Promise<DomainRef> {
  return connection.call('domainLookupByName', (writer) => writer.string(name), readDomain, wait);
}

export function lookupByUuid(connection: Connection, uuid: string, wait: WaitOptions): Promise<DomainRef> {
  return connection.call('domainLookupByUuid', (writer) => writer.uuid(uuid), readDomain, wait);
}

export function getState(
  connection: Connection,
  domain: DomainRef,
  wait: WaitOptions,
): Promise<DomainStatus> {
  return connection.call(
    'domainGetState',
    (writer) => writeDomain(writer, domain).uint(0),
    (reader) => ({ state: readState(reader), reason: reader.int() }),
    wait,
  );
}

function readState(reader: XdrReader): DomainState {
  return knownValue(DomainState, reader.int()) ?? DomainState.noState;
}

export function getInfo(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<DomainInfo> {
  return connection.call(
    'domainGetInfo',
    (writer) => writeDomain(writer, domain),
    (reader) => ({
      state: readState(reader),
      memoryMaximumBytes: reader.uhyper() * KIB,
      memoryBytes: reader.uhyper() * KIB,
      vcpus: reader.uint(),
      cpuTimeMs: reader.uhyperAsDouble() / NS_PER_MS,
    }),
    wait,
  );
}

/** Snapshots that libvirt knows of, whether their data is inside the disks or beside them. */
export function countSnapshots(
  connection: Connection,
  domain: DomainRef,
  wait: WaitOptions,
): Promise<number> {
  return connection.call(
    'domainSnapshotNum',
    (writer) => writeDomain(writer, domain).uint(0),
    (reader) => reader.int(),
    wait,
  );
}

/** True if its definition stays when it stops. */
export function isPersistent(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<boolean> {
  return connection.call(
    'domainIsPersistent',
    (writer) => writeDomain(writer, domain),
    (reader) => reader.bool(),
    wait,
  );
}

/** True if libvirt starts it with the host. The flag is no part of the definition: a migration leaves it behind. */
export function getAutostart(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<boolean> {
  return connection.call(
    'domainGetAutostart',
    (writer) => writeDomain(writer, domain),
    (reader) => reader.bool(),
    wait,
  );
}

/** Throws LibvirtError for a VM that is not persistent. */
export function setAutostart(
  connection: Connection,
  domain: DomainRef,
  isOn: boolean,
  wait: WaitOptions,
): Promise<void> {
  return connection.call(
    'domainSetAutostart',
    (writer) => writeDomain(writer, domain).int(isOn ? 1 : 0),
    () => undefined,
    wait,
  );
}

/** Answers at once even when the domain's monitor is stuck, so it shows which domains are. */
export function getControlInfo(
  connection: Connection,
  domain: DomainRef,
  wait: WaitOptions,
): Promise<ControlInfo> {
  return connection.call(
    'domainGetControlInfo',
    (writer) => writeDomain(writer, domain).uint(0),
    (reader) => ({
      state: knownValue(ControlState, reader.uint()) ?? ControlState.error,
      details: reader.uint(),
      stateTimeMs: reader.uhyper(),
    }),
    wait,
  );
}

/** `flags`: XmlFlag. */
export function getXml(
  connection: Connection,
  domain: DomainRef,
  flags: number,
  wait: WaitOptions,
): Promise<string> {
  return connection.call(
    'domainGetXmlDesc',
    (writer) => writeDomain(writer, domain).uint(flags),
    (reader) => reader.string(),
    wait,
  );
}

/** Defines or redefines a persistent domain. `flags`: DefineFlag. */
export function define(
  connection: Connection,
  xml: string,
  flags: number,
  wait: WaitOptions,
): Promise<DomainRef> {
  return connection.call(
    'domainDefineXmlFlags',
    (writer) => writer.string(xml).uint(flags),
    readDomain,
    wait,
  );
}

/** Starts a transient domain, whose definition disappears when it stops. `flags`: CreateFlag. */
export function createXml(
  connection: Connection,
  xml: string,
  flags: number,
  wait: WaitOptions,
): Promise<DomainRef> {
  return connection.call('domainCreateXml', (writer) => writer.string(xml).uint(flags), readDomain, wait);
}

/** Starts a defined domain and returns it with its new id. `flags`: CreateFlag. */
export function start(
  connection: Connection,
  domain: DomainRef,
  flags: number,
  wait: WaitOptions,
): Promise<DomainRef> {
  return connection.call(
    'domainCreateWithFlags',
    (writer) => writeDomain(writer, domain).uint(flags),
    readDomain,
    wait,
  );
}

/** Asks the guest to shut down, without waiting for it. `flags`: ShutdownFlag, 0 for the hypervisor's choice. */
export function shutdown(
  connection: Connection,
  domain: DomainRef,
  flags: number,
  wait: WaitOptions,
): Promise<void> {
  return act(connection, 'domainShutdownFlags', domain, flags, wait);
}

/** Kills the domain at once, like pulling the plug. `flags`: DestroyFlag. */
export function destroy(
  connection: Connection,
  domain: DomainRef,
  flags: number,
  wait: WaitOptions,
): Promise<void> {
  return act(connection, 'domainDestroyFlags', domain, flags, wait);
}

/** Removes the definition; a running domain becomes transient. `flags`: UndefineFlag. */
export function undefine(
  connection: Connection,
  domain: DomainRef,
  flags: number,
  wait: WaitOptions,
): Promise<void> {
  return act(connection, 'domainUndefineFlags', domain, flags, wait);
}

export function suspend(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<void> {
  return act(connection, 'domainSuspend', domain, undefined, wait);
}

export function resume(connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<void> {
  return act(connection, 'domainResume', domain, undefined, wait);
}

/** Makes a call on a domain that returns nothing. Some take flags, the oldest do not. */
function act(
  connection: Connection,
  name: ProcedureName,
  domain: DomainRef,
  flags: number | undefined,
  wait: WaitOptions,
): Promise<void> {
  const writeArgs = (writer: XdrWriter): void => {
    writeDomain(writer, domain);
    if (flags !== undefined) {
      writer.uint(flags);
    }
  };
  return connection.call(name, writeArgs, () => undefined, wait);
}

/** Renames a domain that is shut off. */
export function rename(
  connection: Connection,
  domain: DomainRef,
  name: string,
  wait: WaitOptions,
): Promise<void> {
  return connection.call(
    'domainRename',
    (writer) => writeDomain(writer, domain).optionalString(name).uint(0),
    (reader) => {
      reader.int();
    },
    wait,
  );
}

/** Identifies a metadata element by its XML namespace, and the definition that holds it (`Affect`). */
export interface MetadataKey {
  readonly namespaceUri: string;
  readonly affect: number;
}

/** The element as XML; LibvirtError `noDomainMetadata` if there is none. */
export function getMetadata(
  connection: Connection,
  domain: DomainRef,
  key: MetadataKey,
  wait: WaitOptions,
): Promise<string> {
  return connection.call(
    'domainGetMetadata',
    (writer) =>
      writeDomain(writer, domain).int(MetadataType.element).optionalString(key.namespaceUri).uint(key.affect),
    (reader) => reader.string(),
    wait,
  );
}

/** Sets the element (`xml`, under `prefix`), or removes it when `xml` is undefined. */
export function setMetadata(
  connection: Connection,
  domain: DomainRef,
  key: MetadataKey & { readonly prefix: string; readonly xml: string | undefined },
  wait: WaitOptions,
): Promise<void> {
  return connection.call(
    'domainSetMetadata',
    (writer) =>
      writeDomain(writer, domain)
        .int(MetadataType.element)
        .optionalString(key.xml)
        .optionalString(key.prefix)
        .optionalString(key.namespaceUri)
        .uint(key.affect),
    () => undefined,
    wait,
  );
}

/** How often the guest's balloon driver reports memory use; 0 stops it. `affect`: Affect. */
export function setMemoryStatsPeriod(
  connection: Connection,
  domain: DomainRef,
  period: { readonly seconds: number; readonly affect: number },
  wait: WaitOptions,
): Promise<void> {
  return connection.call(
    'domainSetMemoryStatsPeriod',
    (writer) => writeDomain(writer, domain).int(period.seconds).uint(period.affect),
    () => undefined,
    wait,
  );
}
