// Tests what the state machine of a migration on its source does for each sight.
import t from 'tap';
import type { Seen } from '../../../../agent/migration/source/states.ts';
import { DeadlineError } from '../../../../shared/errors.ts';
import type { VmInput } from '../../../../shared/gen/agent.ts';
import { broken, event, Life, lost, noJob, noPostCopy, outgoing, paused, running } from './machine-life.ts';

t.test('a copy is promised only after all that may refuse it', (t) => {
  const life = new Life();
  t.strictSame(life.see({ kind: 'connected' }), ['look']);
  t.strictSame(life.answer('look', { kind: 'looked', vm: running, record: undefined }), ['ask_limit']);
  t.strictSame(life.answer('ask_limit', { kind: 'limit_told', downtimeMs: 300 }), ['listen']);
  t.strictSame(life.answer('listen', { kind: 'listening' }), ['claim']);
  t.notOk(life.state.facts.isClaimed);
  t.strictSame(life.answer('claim', { kind: 'claimed', answer: { kind: 'new' }, before: undefined }), [
    'set_first_downtime 100',
  ]);
  t.ok(life.state.facts.isClaimed);
  t.strictSame(life.answer('set_first_downtime', { kind: 'first_downtime_set' }), ['start', 'rest']);
  t.end();
});

const REFUSED: [name: string, vm: VmInput | undefined, code: string][] = [
  ['a VM that is not here', undefined, 'NOT_FOUND'],
  ['a VM in a migration', outgoing, 'FAILED_PRECONDITION'],
  ['a VM that does not run', paused, 'FAILED_PRECONDITION'],
];
for (const [name, shown, code] of REFUSED)
  t.test(`${name} is refused, and nothing is promised`, (t) => {
    const life = new Life();
    life.see({ kind: 'connected' });
    t.strictSame(life.answer('look', { kind: 'looked', vm: shown, record: undefined }), []);
    t.equal(life.result, code);
    t.notOk(life.state.facts.isClaimed);
    t.end();
  });

const CLAIMS: [answer: 'fenced' | 'unstarted', isClaimed: boolean][] = [
  ['fenced', false],
  ['unstarted', true],
];
for (const [kind, isClaimed] of CLAIMS)
  t.test(`an order that is ${kind} starts nothing`, (t) => {
    const life = new Life();
    life.see({ kind: 'connected' });
    life.answer('look', { kind: 'looked', vm: running, record: undefined });
    life.answer('ask_limit', { kind: 'limit_told', downtimeMs: 300 });
    life.answer('listen', { kind: 'listening' });
    const answer = kind === 'fenced' ? { kind, seen: { migrationId: 'm9', epoch: 9 } } : { kind };
    t.strictSame(life.answer('claim', { kind: 'claimed', answer, before: undefined }), []);
    t.equal(life.result, 'fenced_epoch');
    t.equal(life.state.facts.isClaimed, isClaimed);
    t.end();
  });

const FAILED: [name: string, error: Error, isStopping: boolean, result: string][] = [
  ['by libvirt', broken, false, 'dst_failed'],
  ['with the connection', lost, false, 'src_daemon_lost, lost'],
  ['at its deadline', new DeadlineError('migrate', 1), false, 'src_daemon_lost, lost'],
];
for (const [name, error, isStopping, result] of FAILED)
  t.test(`a copy that fails ${name} gives the guest its limit back first`, (t) => {
    const life = new Life().copying();
    t.strictSame(life.answer('start', error, isStopping), ['restore_downtime 300']);
    t.equal(life.result, 'restoring');
    life.answer('restore_downtime', { kind: 'downtime_restored' });
    t.equal(life.result, result);
    t.end();
  });

t.test('the guest that crashes while its limit is set back explains the failure', (t) => {
  const life = new Life().copying();
  life.answer('start', broken);
  life.see(event('stopped', 'crashed'));
  life.answer('restore_downtime', broken);
  t.equal(life.result, 'guest_crashed');
  t.end();
});

t.test('a copy that is aborted before it begins gives the guest its limit back too', (t) => {
  const life = new Life().claimed('new');
  life.see({ kind: 'abort_asked', asker: 1 });
  t.strictSame(life.answer('set_first_downtime', { kind: 'first_downtime_set' }), ['restore_downtime 300']);
  life.answer('restore_downtime', { kind: 'downtime_restored' });
  t.equal(life.result, 'user_abort');
  t.end();
});

t.test('an agent that stops leaves the copy alone', (t) => {
  const life = new Life().copying();
  t.strictSame(life.answer('start', new Error('stopped'), true), []);
  t.equal(life.result, 'UNAVAILABLE');
  t.end();
});

t.test('a target without post-copy gets the order once more without it', (t) => {
  const life = new Life({ postCopy: true }).copying();
  t.strictSame(life.answer('start', noPostCopy), ['start']);
  t.strictSame(life.answer('start', noPostCopy), ['restore_downtime 300'], 'and not a third time');
  const aborted = new Life({ postCopy: true }).copying();
  aborted.see({ kind: 'abort_asked', asker: 1 });
  t.strictSame(aborted.answer('start', noPostCopy), ['restore_downtime 300'], 'nor once it is to end');
  t.end();
});

t.test('a copy that has arrived waits a moment for its last figures, not for a stop', (t) => {
  const completed: Seen = { kind: 'event', event: { kind: 'completed', figures: { downtimeMs: 20 } } };
  const early = new Life().copying();
  early.see(completed);
  t.strictSame(early.answer('start', { kind: 'copied' }), []);
  t.equal(early.result, 'ok');
  const late = new Life().copying();
  t.strictSame(late.answer('start', { kind: 'copied' }), ['await_final_figures']);
  late.see(completed);
  t.match(late.state, { kind: 'ended', outcome: { ok: true, progress: { downtimeMs: 20 } } });
  const never = new Life().copying();
  never.answer('start', { kind: 'copied' });
  never.answer('await_final_figures', { kind: 'final_figures_overdue' });
  t.equal(never.result, 'ok');
  const stopped = new Life().copying();
  stopped.answer('start', { kind: 'copied' });
  stopped.answer('await_final_figures', new Error('stopped'), true);
  t.equal(stopped.result, 'ok');
  t.end();
});

t.test('the end of the process counts once the guest stands still, where the copy arrives paused', (t) => {
  const life = new Life({ commitMode: 'COMMIT_MODE_PAUSED' }).copying();
  t.strictSame(life.see(event('suspended', 'ioError')), []);
  t.strictSame(life.see(event('suspended', 'migrated')), ['await_process_end']);
  t.strictSame(life.see(event('suspended', 'migrated')), [], 'asked for once');
  life.answer('await_process_end', { kind: 'process_ended' });
  t.equal(life.result, 'ok');
  t.strictSame(new Life().copying().see(event('suspended', 'migrated')), [], 'the lock decides elsewhere');
  t.end();
});

t.test('a copy past its time is aborted, as often as there is no job to cancel yet', (t) => {
  const life = new Life({ timeoutMs: 1_000 }).copying();
  t.strictSame(life.answer('rest', { kind: 'rested' }), ['ask_figures']);
  t.strictSame(life.answer('ask_figures', { kind: 'figures', figures: undefined }), ['rest']);
  life.nowMs = 1_000;
  t.strictSame(life.answer('rest', { kind: 'rested' }), ['abort']);
  t.strictSame(life.answer('abort', noJob), ['rest_before_abort']);
  t.strictSame(life.answer('rest_before_abort', { kind: 'abort_due', asker: 'watch' }), ['abort']);
  life.nowMs = 31_000;
  t.strictSame(life.answer('abort', noJob), ['rest'], 'for half a minute');
  t.strictSame(life.answer('rest', { kind: 'rested' }), ['ask_figures'], 'it is ended once');
  t.end();
});

t.test('a copy that is being switched over is not aborted, by its time nor by a caller', (t) => {
  const life = new Life({ timeoutMs: 1_000 }).copying();
  life.see(event('suspended', 'migrated'));
  life.nowMs = 60_000;
  t.strictSame(life.answer('rest', { kind: 'rested' }), ['ask_figures']);
  t.strictSame(life.see({ kind: 'abort_asked', asker: 1 }), []);
  t.match(life.acts.at(-1), { kind: 'answer', asker: 1, error: { code: 'FAILED_PRECONDITION' } });
  t.end();
});

t.test("a caller's abort is answered once, whatever comes of it", (t) => {
  const life = new Life();
  life.see({ kind: 'abort_asked', asker: 1 });
  t.match(life.acts.at(-1), { kind: 'answer', asker: 1, error: undefined }, 'before there is a connection');
  const tried = new Life().copying();
  t.strictSame(tried.see({ kind: 'abort_asked', asker: 1 }), ['abort']);
  t.strictSame(tried.answer('abort', noJob), ['rest_before_abort']);
  tried.answer('start', broken);
  tried.answer('restore_downtime', { kind: 'downtime_restored' });
  t.strictSame(tried.answer('rest_before_abort', { kind: 'abort_due', asker: 1 }), [], 'it has ended');
  t.match(tried.acts.at(-1), { kind: 'answer', asker: 1, error: undefined });
  const failed = new Life().copying();
  failed.see({ kind: 'abort_asked', asker: 1 });
  failed.answer('abort', lost);
  t.match(failed.acts.at(-1), { kind: 'answer', asker: 1, error: { code: 'DEADLINE_EXCEEDED' } });
  t.end();
});

const ABORTS: [name: string, order: (number | 'watch')[], error: Error | undefined][] = [
  ['work in the order of their asking', ['watch', 1, 2], undefined],
  ['work in another order', [2, 1, 'watch'], undefined],
  ['fail in the order of their asking', ['watch', 1, 2], lost],
  ['fail in another order', [2, 1, 'watch'], lost],
];
for (const [name, order, error] of ABORTS)
  t.test(`of the aborts of one copy that ${name}, each answers its own caller`, (t) => {
    const life = new Life({ timeoutMs: 1_000 }).copying();
    life.nowMs = 1_000;
    t.strictSame(life.answer('rest', { kind: 'rested' }), ['abort']);
    for (const asker of [1, 2]) t.strictSame(life.see({ kind: 'abort_asked', asker }), ['abort']);
    for (const asker of order) {
      const call = life.waiting.find((one) => one.kind === 'abort' && one.asker === asker);
      life.answer(call ?? 'abort', error ?? { kind: 'aborted', asker });
    }
    const answered = life.acts.flatMap((act) => (act.kind === 'answer' ? [act.asker] : []));
    t.strictSame(
      answered,
      order.filter((asker) => asker !== 'watch'),
    );
    t.notOk(life.waiting.some(({ kind }) => kind === 'abort'));
    t.end();
  });

t.test("a caller's abort that works before the watching's is not answered again when the copy ends", (t) => {
  const life = new Life({ timeoutMs: 1_000 }).copying();
  life.nowMs = 1_000;
  life.answer('rest', { kind: 'rested' });
  life.see({ kind: 'abort_asked', asker: 1 });
  const call = life.waiting.find((one) => one.kind === 'abort' && one.asker === 1);
  life.answer(call ?? 'abort', { kind: 'aborted', asker: 1 });
  life.answer('start', broken);
  life.answer('abort', broken);
  t.equal(life.acts.filter(({ kind }) => kind === 'answer').length, 1);
  t.end();
});

const SHOWN: [name: string, vm: VmInput | undefined, calls: string[], result: string][] = [
  ['runs here', running, ['restore_downtime 300'], 'not_told'],
  ['is paused here', paused, ['restore_downtime 300'], 'not_told'],
  ['is in a migration', outgoing, ['rest'], 'attached'],
  ['has left', undefined, [], 'ok'],
];
for (const [name, shown, calls, result] of SHOWN)
  t.test(`attached to a copy without a job whose VM ${name}: ${result}`, (t) => {
    const life = new Life().attached();
    t.strictSame(life.answer('ask_figures', { kind: 'figures', figures: undefined }), ['observe']);
    t.strictSame(life.answer('observe', { kind: 'observed', vm: shown }), calls);
    if (life.state.kind === 'restoring') life.answer('restore_downtime', { kind: 'downtime_restored' });
    t.equal(life.result, result);
    t.end();
  });

t.test('an attached copy is given up with the connection, or long after its time', (t) => {
  const gone = new Life().attached();
  gone.answer('ask_figures', lost);
  t.equal(gone.result, 'src_daemon_lost, lost');
  const hung = new Life({ timeoutMs: 1_000 }).attached();
  t.strictSame(hung.answer('ask_figures', new DeadlineError('get job', 1)), ['rest']);
  hung.nowMs = 96_000;
  hung.answer('rest', { kind: 'rested' });
  hung.answer('ask_figures', new DeadlineError('get job', 1));
  t.equal(hung.result, 'timeout');
  t.end();
});
