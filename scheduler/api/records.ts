// Serves the JSON that a plan is made from: a new record, or that of an earlier decision.
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

/** Finds a record by its id, or by the id of a decision made from it. */
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
      `record_id: no record "${id}"; only the latest are kept, see "evenkeel decisions"`,
    );
  return { json };
}
