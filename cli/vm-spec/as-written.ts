// Rewords a failed creation: fields of the contract become the options, or the places in the file, that the operator wrote.
import { EvenkeelError } from '../../shared/errors.ts';
import { CliFailure } from '../failure.ts';
import type { WrittenSpec } from './spec.ts';

/** "disks[0].existing: …" becomes "--disk "pool=shared,volume=data1": volume: …". */
export function asWritten(error: unknown, spec: WrittenSpec): unknown {
  if (error instanceof CliFailure)
    return new CliFailure(error.code, error.exitCode, reword(error.message, spec), error.details);
  return error instanceof EvenkeelError
    ? new EvenkeelError(error.code, reword(error.message, spec), error)
    : error;
}

const DEVICE = /\b(?:spec\.)?(disks|nics)\[(\d+)\](?:\.([a-z_]+))?/g;
const FIELD = /(^|[:;] )(?:spec\.)?([a-z_]+(?:\.[a-z_]+)*)(?=: )/g;

const KEYS: Readonly<Record<string, string>> = {
  existing: 'volume',
  clone_of: 'clone',
  new_bytes: 'size',
  size_bytes: 'size',
};

const OPTIONS: Readonly<Record<string, keyof WrittenSpec['texts']>> = {
  name: 'name',
  vcpus: 'vcpus',
  memory_bytes: 'memory',
  iso: 'iso',
  firmware: 'firmware',
  os_family: 'os',
  host: 'host',
  'metadata.owner': 'owner',
  'metadata.purpose': 'purpose',
  'metadata.expires_at_ms': 'expires',
  'metadata.rules.downtime_max_ms': 'downtimeMaxMs',
};

function reword(message: string, { texts, disks, nics }: WrittenSpec): string {
  return message
    .replace(DEVICE, (all, list: string, index: string, key: string | undefined) => {
      const where = (list === 'disks' ? disks : nics)[Number(index)]?.where;
      if (where === undefined) return all;
      return `${where}${key === undefined ? '' : `: ${KEYS[key] ?? key}`}`;
    })
    .replace(FIELD, (all, before: string, field: string) => {
      const where = texts[OPTIONS[field] ?? 'name']?.where;
      return OPTIONS[field] === undefined || where === undefined ? all : `${before}${where}`;
    });
}
