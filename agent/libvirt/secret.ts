// Looks up libvirt's secrets, never their values.
import type { WaitOptions } from '../../shared/clock.ts';
import type { Connection } from './connection.ts';
import type { XdrReader } from './xdr.ts';

/** virSecretUsageType of libvirt-secret.h, by the word in a definition (`type`). */
const USAGE: Readonly<Record<string, number>> = { volume: 1, ceph: 2, iscsi: 3, tls: 4, vtpm: 5 };

/** Throws LibvirtError (noSecret) when this host has none. */
export function lookupSecretByUuid(connection: Connection, uuid: string, wait: WaitOptions): Promise<void> {
  return connection.call('secretLookupByUuid', (writer) => writer.uuid(uuid), readSecret, wait);
}

/** By what it is for: `type` as in a definition. Throws LibvirtError (noSecret) when this host has none. */
export function lookupSecretByUsage(
  connection: Connection,
  type: string,
  usage: string,
  wait: WaitOptions,
): Promise<void> {
  return connection.call(
    'secretLookupByUsage',
    (writer) => writer.int(USAGE[type] ?? 0).string(usage),
    readSecret,
    wait,
  );
}

function readSecret(reader: XdrReader): void {
  reader.uuid();
  reader.int();
  reader.string();
}
