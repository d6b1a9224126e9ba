// The JSON that plans are made from: now, or for a decision that was made.
import { EvenkeelError, invalidField } from '../../shared/errors.ts';
import type {
  GetRecordRequest,
  GetRecordResponseInput,
  TakeSnapshotResponseInput,
} from '../../shared/gen/scheduler.ts';
import type { Core } from '../core.ts';
import { openSnapshot } from './decisions.ts';

/** A record made now. */
export function takeSnapshot(core: Core): TakeSnapshotResponseInput {
  const snapshot = openSnapshot(core);
  const { planning } = core;
  const json = planning.recordJson(snapshot, planning.plan(snapshot));
  return { json: Buffer.from(json) };
}

/** By the id of the record, or of a decision that was made from it. */
export async function getRecord(
  { records, decisions }: Core,
  { recordId: id }: GetRecordRequest,
): Promise<GetRecordResponseInput> {
  if (id === '') throw invalidField('record_id', 'must be the id of a decision or of its record');
  const decision = decisions.list().find(({ decisionId }) => decisionId === id);
  const json = await records.get(decision?.recordId ?? id);
  if (json === undefined)
    throw new EvenkeelError(
      'NOT_FOUND',
      `record_id: no record "${id}" is kept; the latest are, see "evenkeel decisions"`,
    );
  return { json };
}
