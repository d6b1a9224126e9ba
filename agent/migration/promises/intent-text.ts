// The file of intents: JSON with a check sum over it, so that a torn or altered one is noticed and never half believed. Pure.
import type { CommitMode } from '../../../shared/gen/telemetry.ts';
import { count, flag, object, text, type Fields } from '../../state/fields.ts';
import type { CopyLimits, Intent, VmRecord } from './claims.ts';

const VERSION = 1;

/** One line of records, one with its check sum. */
export function writeRecords(records: ReadonlyMap<string, VmRecord>): string {
  const body = JSON.stringify({ version: VERSION, vms: Object.fromEntries(records) });
  return `${body}\n${checkSum(body)}\n`;
}

/** Throws on anything but what `writeRecords` wrote. */
export function readRecords(text: string): Map<string, VmRecord> {
  const [body = '', sum = '', rest] = text.split('\n');
  if (rest !== '' || checkSum(body) !== sum)
    throw new Error('is torn or was altered: its check sum is wrong');
  const { version, vms } = object(JSON.parse(body));
  if (version !== VERSION) throw new Error(`has version ${String(version)}, this agent writes ${VERSION}`);
  return new Map(Object.entries(object(vms)).map(([uuid, value]) => [uuid, readRecord(object(value))]));
}

function readRecord(value: Fields): VmRecord {
  return {
    migrationId: text(value, 'migrationId'),
    epoch: count(value, 'epoch'),
    hasEnded: flag(value, 'hasEnded'),
    intent: value['intent'] === undefined ? undefined : readIntent(object(value['intent'])),
  };
}

function readIntent(value: Fields): Intent {
  const role = text(value, 'role');
  if (role === 'source')
    return {
      role,
      order: readOrder(object(value['order'])),
      previousDowntimeMs: count(value, 'previousDowntimeMs'),
    };
  if (role !== 'target') throw new Error(`role is ${role}`);
  return {
    role,
    vmName: text(value, 'vmName'),
    commitMode: commitMode(value),
    memoryBytes: count(value, 'memoryBytes'),
    sourceHostId: text(value, 'sourceHostId'),
    sourceAgentAddress: text(value, 'sourceAgentAddress'),
    sourceCertificateSha256: text(value, 'sourceCertificateSha256'),
    definedBefore: flag(value, 'definedBefore'),
    isSettled: flag(value, 'isSettled'),
  };
}

function readOrder(value: Fields): CopyLimits {
  return {
    targetHostId: text(value, 'targetHostId'),
    targetLibvirtUri: text(value, 'targetLibvirtUri'),
    targetMigrateUri: text(value, 'targetMigrateUri'),
    bandwidthBytesPerSecond: count(value, 'bandwidthBytesPerSecond'),
    downtimeMaxMs: count(value, 'downtimeMaxMs'),
    timeoutMs: count(value, 'timeoutMs'),
    commitMode: commitMode(value),
    autoConverge: flag(value, 'autoConverge'),
    postCopy: flag(value, 'postCopy'),
  };
}

function commitMode(from: Fields): CommitMode {
  const value = from['commitMode'];
  if (value !== 'COMMIT_MODE_LOCK' && value !== 'COMMIT_MODE_PAUSED' && value !== 'COMMIT_MODE_UNSPECIFIED')
    throw new Error('commitMode is none');
  return value;
}

// FNV-1a, 32 bits: against torn writes and stray edits, not against an attacker, who has other ways with this folder.
const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

function checkSum(body: string): string {
  let hash = FNV_OFFSET;
  for (let index = 0; index < body.length; index += 1)
    hash = Math.imul(hash ^ body.charCodeAt(index), FNV_PRIME);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
