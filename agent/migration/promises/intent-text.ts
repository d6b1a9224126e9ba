// Writes and reads the file of intents: JSON with a checksum, so that a torn or altered file is rejected as a whole. Pure.
import * as v from 'valibot';
import { count, dictionary, flag, oneOf, read, someFields, text } from '../../../shared/outside-data.ts';
import type { VmRecord } from './claims.ts';

const VERSION = 1;

const commitMode = oneOf(['COMMIT_MODE_LOCK', 'COMMIT_MODE_PAUSED', 'COMMIT_MODE_UNSPECIFIED']);

const sourceIntent = someFields({
  role: v.literal('source'),
  order: someFields({
    targetHostId: text,
    targetLibvirtUri: text,
    targetMigrateUri: text,
    bandwidthBytesPerSecond: count,
    downtimeMaxMs: count,
    timeoutMs: count,
    commitMode,
    autoConverge: flag,
    postCopy: flag,
  }),
  previousDowntimeMs: count,
});

const targetIntent = someFields({
  role: v.literal('target'),
  vmName: text,
  commitMode,
  memoryBytes: count,
  sourceHostId: text,
  sourceAgentAddress: text,
  sourceCertificateSha256: text,
  // Files of earlier versions lack it.
  autostart: v.optional(flag, false),
  definedBefore: flag,
  isSettled: flag,
});

const vmRecord: v.GenericSchema<unknown, VmRecord> = someFields({
  migrationId: text,
  epoch: count,
  hasEnded: flag,
  // JSON leaves out what is undefined.
  intent: v.optional(
    v.variant('role', [sourceIntent, targetIntent], 'one of source, target'),
    () => undefined,
  ),
});

const intents = someFields({
  version: v.literal(VERSION, `${VERSION}, which is what this agent writes`),
  vms: dictionary(vmRecord),
});

/** One line of records, one line with its checksum. */
export function writeRecords(records: ReadonlyMap<string, VmRecord>): string {
  const body = JSON.stringify({ version: VERSION, vms: Object.fromEntries(records) });
  return `${body}\n${checkSum(body)}\n`;
}

/** Throws on anything but what `writeRecords` wrote. */
export function readRecords(text: string): Map<string, VmRecord> {
  const [body = '', sum = '', rest] = text.split('\n');
  if (rest !== '' || checkSum(body) !== sum) throw new Error('is torn or was altered: its checksum is wrong');
  return new Map(Object.entries(read(intents, JSON.parse(body), 'intents').vms));
}

// FNV-1a, 32 bits: against torn writes and stray edits. An attacker who can write this folder has other ways.
const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

function checkSum(body: string): string {
  let hash = FNV_OFFSET;
  for (let index = 0; index < body.length; index += 1)
    hash = Math.imul(hash ^ body.charCodeAt(index), FNV_PRIME);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
