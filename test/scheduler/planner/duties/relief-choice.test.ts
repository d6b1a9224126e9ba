// Tests the choice of what leaves a crowded host first: the longest copy is weighed against moves and later shortage.
import t from 'tap';
import { cheapestRelief, type Relief } from '../../../../scheduler/planner/duties/relief-choice.ts';

const HOST = { excessCores: 1, waitSeconds: 0, migrationPriceCores: 0.5 };

function relief(unit: number, cores: number, seconds: number, shortLater = 0): Relief {
  return { unit, target: 0, cores, seconds, shortLater };
}

t.test('two quick copies in parallel beat one that takes longer by more than the cost of a move', (t) => {
  const reliefs = [relief(1, 1.2, 28), relief(2, 0.6, 10), relief(3, 0.5, 10)];
  t.equal(cheapestRelief(reliefs, HOST)?.unit, 2);
  t.end();
});

t.test('one longer copy beats many quick ones', (t) => {
  const quick = Array.from({ length: 10 }, (_, unit) => relief(unit, 0.1, 10));
  t.equal(cheapestRelief([...quick, relief(10, 1.2, 12)], HOST)?.unit, 10);
  t.end();
});

t.test('once a long copy is under way, another one adds no waiting', (t) => {
  const reliefs = [relief(1, 1.2, 28), relief(2, 0.6, 10), relief(3, 0.5, 10)];
  t.equal(cheapestRelief(reliefs, { ...HOST, waitSeconds: 28 })?.unit, 1);
  t.end();
});

t.test('of two that end the shortage equally well, the one that causes less shortage later goes', (t) => {
  t.equal(cheapestRelief([relief(1, 1.5, 10, 0.4), relief(2, 1.1, 10, 0.1)], HOST)?.unit, 2);
  t.end();
});

t.test('a shortage that nothing ends is still reduced, and without candidates nothing moves', (t) => {
  t.equal(cheapestRelief([relief(1, 0.4, 28), relief(2, 0.3, 10)], HOST)?.unit, 2);
  t.equal(cheapestRelief([], HOST), undefined);
  t.end();
});
