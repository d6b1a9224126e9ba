// Tests the plan being made: what fits where when a figure is missing, and steps that are taken back.
import t from 'tap';
import { boardOf } from '../../../../scheduler/planner/board/board.ts';
import { Draft } from '../../../../scheduler/planner/board/draft.ts';
import { Effort } from '../../../../scheduler/planner/board/effort.ts';
import { FIT } from '../../../../scheduler/planner/board/fit.ts';
import { DEFAULT_PLAN_POLICY } from '../../../../scheduler/planner/contract/policy.ts';
import { snapshotOf } from '../snapshots.ts';

function draftOf(): Draft {
  const hosts = [{ name: 'h1', vms: [{ name: 'a', cores: 1 }] }, { name: 'h2' }];
  return new Draft(boardOf(snapshotOf(hosts), DEFAULT_PLAN_POLICY), new Effort({}));
}

void t.test('a figure that is missing never counts as room', (t) => {
  t.equal(draftOf().fit.refuses(0, 1, 'duty'), FIT.ok, 'with all figures it fits');
  const missing = {
    'the memory that the host has': ({ board }: Draft) => board.hosts.memoryLimitBytes,
    'the memory that it has given away': ({ board }: Draft) => board.hosts.allocatedBytes,
    'the memory that it uses': ({ board }: Draft) => board.hosts.peak,
    'its cores': ({ board }: Draft) => board.hosts.cores,
    'the memory of the VM': ({ board }: Draft) => board.units.memoryMaxBytes,
    'the vCPUs of the VM': ({ board }: Draft) => board.units.vcpus,
  };
  for (const [name, columnOf] of Object.entries(missing)) {
    const draft = draftOf();
    columnOf(draft).fill(NaN);
    t.not(draft.fit.refuses(0, 1, 'duty'), FIT.ok, name);
  }
  t.not(draftOf().fit.refuses(0, 2, 'duty'), FIT.ok, 'a host that is not there');
  t.end();
});

void t.test('only a step of the plan can be taken back, and then nothing is left of it', (t) => {
  const draft = draftOf();
  const words = { trigger: 'hot_host' as const, cause: 'h1', persistenceSeconds: 0, refusals: [] };
  draft.take(0, 1, words);
  const [step] = draft.steps;
  if (step === undefined) throw new Error('no step was taken');
  draft.undo(step);
  t.strictSame([draft.steps, draft.stepsAt(0), draft.stepsAt(1)], [[], [], []]);
  t.equal(draft.board.units.home[0], 0, 'the VM is back');
  draft.take(0, 1, words);
  const kept = [...draft.steps];
  t.throws(() => {
    draft.undo(step);
  }, /not in the plan/);
  t.strictSame(draft.steps, kept, 'another step is not taken in its place');
  t.equal(draft.board.units.home[0], 1);
  t.end();
});
