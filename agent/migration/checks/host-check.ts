// Checks what the target itself needs for an incoming VM: memory by allocation and by use, a port, certificates.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, WaitOptions } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { CheckRefusal } from '../../../shared/gen/agent.ts';
import { formatBytes } from '../../../shared/units.ts';
import type { MigrationSettings } from '../../config.ts';
import type { Connection } from '../../libvirt/connection.ts';
import { ErrorCode, ListDomainsFlag } from '../../libvirt/constants.ts';
import { getInfo, listDomains } from '../../libvirt/domain.ts';
import type { VmDefinition } from '../../vm/definition.ts';
import { orUndefined } from '../../vm/storage.ts';
import type { Intents } from '../promises/intents.ts';

export interface HostCheckContext {
  readonly intents: Intents;
  readonly settings: MigrationSettings;
  readonly clock: Clock;
  readonly procRoot: string;
  memory(): { readonly memoryBytes: number; readonly memoryAvailableBytes: number };
}

export async function checkMemory(
  connection: Connection,
  vm: VmDefinition,
  context: HostCheckContext,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const { memoryReserveBytes, memoryOvercommitRatio } = context.settings;
  const { memoryBytes, memoryAvailableBytes } = context.memory();
  const cure = `choose another host; ${formatBytes(memoryReserveBytes)} stay reserved (migration.memoryReserveBytes)`;
  const roomBytes = memoryAvailableBytes - memoryReserveBytes;
  if (vm.memoryMaxBytes > roomBytes)
    return [
      {
        causeCode: 'MIGRATION_CAUSE_MEMORY_SHORT',
        reason: `the VM needs ${formatBytes(vm.memoryMaxBytes)}, and this host has room for ${formatBytes(Math.max(0, roomBytes))}`,
        cure,
      },
    ];
  const allocatedBytes = await allocatedMemory(connection, vm.uuid, context.intents, wait);
  const leftBytes = memoryBytes * memoryOvercommitRatio - memoryReserveBytes - allocatedBytes;
  if (vm.memoryMaxBytes <= leftBytes) return [];
  return [
    {
      causeCode: 'MIGRATION_CAUSE_MEMORY_SHORT',
      reason: `the VM may use up to ${formatBytes(vm.memoryMaxBytes)}, and ${formatBytes(allocatedBytes)} of this host's ${formatBytes(memoryBytes)} are allocated to other VMs`,
      cure: `${cure}, or raise migration.memoryOvercommitRatio`,
    },
  ];
}

/** The most that active VMs may use, plus what incoming migrations will bring. */
async function allocatedMemory(
  connection: Connection,
  exceptUuid: string,
  intents: Intents,
  wait: WaitOptions,
): Promise<number> {
  const active = await listDomains(connection, ListDomainsFlag.active, wait);
  let sumBytes = 0;
  for (const domain of active) {
    if (domain.uuid === exceptUuid) continue;
    const info = await orUndefined(getInfo(connection, domain, wait), ErrorCode.noDomain);
    sumBytes += info?.memoryMaximumBytes ?? 0;
  }
  const here = new Set(active.map(({ uuid }) => uuid));
  for (const [vmUuid, { intent }] of await intents.open())
    if (intent?.role === 'target' && vmUuid !== exceptUuid && !here.has(vmUuid))
      sumBytes += intent.memoryBytes;
  return sumBytes;
}

/** libvirt takes the first free port of its range (migration_port_min and _max in qemu.conf). */
export async function checkPorts({ settings, procRoot }: HostCheckContext): Promise<CheckRefusal[]> {
  const { portMin, portMax } = settings;
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readTable(join(procRoot, 'net', name))));
  const taken = new Set(tables.flatMap(listeningPorts).filter((port) => port >= portMin && port <= portMax));
  if (taken.size < portMax - portMin + 1) return [];
  return [
    {
      causeCode: 'MIGRATION_CAUSE_PORTS_EXHAUSTED',
      reason: `all ports for incoming migrations, ${portMin} to ${portMax}, are in use here`,
      cure: 'wait for other migrations to end, or widen migration_port_max in qemu.conf and migration.portMax',
    },
  ];
}

/** A table that cannot be read counts as empty: libvirt itself then refuses when no port is free. */
function readTable(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

const LISTEN = '0A';

/** Parses /proc/net/tcp: "sl local_address rem_address st …", addresses as hex with ":port". */
export function listeningPorts(table: string): number[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === LISTEN)
    .map(([, local = '']) => Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16));
}

const TLS_DIRECTORIES: readonly string[] = ['/etc/pki/libvirt-migrate', '/etc/pki/qemu'];

/** Checks QEMU's certificate for incoming memory. Only QEMU may read the key; a file this daemon may not read is not judged. */
export async function checkTls({ settings, clock }: HostCheckContext): Promise<CheckRefusal[]> {
  const directories = settings.tlsDirectory === '' ? TLS_DIRECTORIES : [settings.tlsDirectory];
  const cure = `put server-cert.pem, server-key.pem and ca-cert.pem of this host there, or set migration.tlsDirectory`;
  for (const directory of directories) {
    const file = join(directory, 'server-cert.pem');
    try {
      return judgeCertificate(file, await readFile(file), clock.nowMs());
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EACCES') return [];
      if (code !== 'ENOENT')
        return [{ causeCode: 'MIGRATION_CAUSE_TLS', reason: `read ${file}: ${messageOf(error)}`, cure }];
    }
  }
  return [
    {
      causeCode: 'MIGRATION_CAUSE_TLS',
      reason: `no server-cert.pem in ${directories.join(' or ')} here`,
      cure,
    },
  ];
}

function judgeCertificate(file: string, pem: Buffer, nowMs: number): CheckRefusal[] {
  const { validFrom, validTo } = new X509Certificate(pem);
  if (Date.parse(validFrom) <= nowMs && nowMs < Date.parse(validTo)) return [];
  return [
    {
      causeCode: 'MIGRATION_CAUSE_TLS',
      reason: `${file} is valid from ${validFrom} to ${validTo} only`,
      cure: 'renew it, and check the clock of this host',
    },
  ];
}
