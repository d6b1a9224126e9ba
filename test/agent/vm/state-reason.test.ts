// libvirt's numbers of reasons become the contract's words, by the state that they belong to.
import t from 'tap';
import { stateReason } from '../../../agent/vm/state-reason.ts';

// virDomainState: 1 running, 2 blocked, 3 paused, 5 shut off.
const CASES: readonly (readonly [state: number, reason: number, word: string])[] = [
  [1, 5, 'UNPAUSED'],
  [3, 5, 'IO_ERROR'],
  [5, 5, 'UNSPECIFIED'],
  [1, 10, 'POST_COPY'],
  [3, 10, 'CRASHED'],
  [3, 12, 'POST_COPY'],
  [1, 2, 'UNSPECIFIED'],
  [3, 2, 'MIGRATION'],
  [5, 2, 'DESTROYED'],
  [2, 5, 'UNSPECIFIED'],
  [3, 99, 'UNSPECIFIED'],
  [99, 1, 'UNSPECIFIED'],
];

t.test('a number means what it means in its state, and an unknown one nothing', (t) => {
  for (const [state, reason, word] of CASES)
    t.equal(stateReason(state, reason), `VM_STATE_REASON_${word}`, `state ${state}, reason ${reason}`);
  t.end();
});
