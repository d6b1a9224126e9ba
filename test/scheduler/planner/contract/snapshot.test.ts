// Tests reading snapshots from JSON: valid ones come through unchanged, errors are named.
import t from 'tap';
import { readSnapshot } from '../../../../scheduler/planner/contract/snapshot.ts';
import { snapshotOf, hotSpot } from '../snapshots.ts';

const SNAPSHOT = snapshotOf(
  [
    {
      name: 'h1',
      hot: [hotSpot()],
      watts: [100, 200],
      traits: ['arch:x86_64'],
      vms: [
        {
          name: 'a',
          cores: 1,
          needs: ['arch:x86_64'],
          held: { code: 'cooling_down', reason: 'it moved', cure: 'wait', against: 'optional_moves' },
          leftHosts: [{ hostId: 'h2', atMs: 1 }],
          refusedTargets: [{ hostId: 'h3', reason: 'no', untilMs: 2 }],
        },
      ],
    },
    { name: 'h2' },
  ],
  {
    rules: [{ id: 'r', kind: 'pin', strength: 'must', vms: ['a'], hosts: ['h1'], writtenIn: 'a test' }],
    migrations: [{ vmUuid: 'a', sourceHostId: 'h1', targetHostId: 'h2' }],
    pending: [{ id: 'p', name: 'p', vcpus: 1, memoryMaxBytes: 1 }],
    budgets: { moves: 3, bytes: 4 },
  },
);

void t.test('a snapshot comes through JSON unchanged', (t) => {
  t.strictSame(readSnapshot(JSON.parse(JSON.stringify(SNAPSHOT))), SNAPSHOT);
  t.end();
});

void t.test('an error names the field, the rule and the value', (t) => {
  const [host, ...hosts] = SNAPSHOT.hosts;
  const wrong = (more: object): (() => unknown) => {
    const json: unknown = JSON.parse(JSON.stringify({ ...SNAPSHOT, ...more }));
    return () => readSnapshot(json);
  };
  t.throws(() => readSnapshot([]), { message: 'snapshot: must be an object, is []' });
  t.throws(wrong({ format: 'other' }), {
    message: 'snapshot.format: must be one of evenkeel-snapshot-1, is "other"',
  });
  t.throws(wrong({ hosts: [{ ...host, cpuCores: 0 }, ...hosts] }), {
    message: 'snapshot.hosts[0].cpuCores: must be a number above 0, is 0',
  });
  t.throws(wrong({ hosts: [{ ...host, cpuCores: '4' }, ...hosts] }), {
    message: 'snapshot.hosts[0].cpuCores: must be a number above 0, is "4"',
  });
  t.throws(wrong({ hosts: [{ ...host, memoryKib: 1 }, ...hosts] }), {
    message: /^snapshot\.hosts\[0\]\.memoryKib: must be left out: it is none of hostId, /,
  });
  t.throws(wrong({ hosts: [{ ...host, cpuCores: undefined, cpuCoreS: 4 }] }), {
    message: /^snapshot\.hosts\[0\]\.cpuCoreS: must be left out: /,
  });
  t.throws(wrong({ hosts: [{ ...host, cpuCores: undefined }, ...hosts] }), {
    message: 'snapshot.hosts[0].cpuCores: must be a number above 0, is absent',
  });
  t.throws(wrong({ hosts: [{ ...host, load: undefined }, ...hosts] }), {
    message: 'snapshot.hosts[0].load: must be an object, is absent',
  });
  t.throws(wrong({ hosts: [[], ...hosts] }), {
    message: 'snapshot.hosts[0]: must be an object, is []',
  });
  t.throws(wrong({ budgets: [] }), { message: 'snapshot.budgets: must be an object, is []' });
  t.throws(wrong({ hosts: [host, host] }), {
    message: 'snapshot.hosts[1].hostId: must be of one host only, is "h1"',
  });
  t.throws(wrong({ hosts }), {
    message: 'snapshot.vms[0].hostId: must be the hostId of a listed host, is "h1"',
  });
  t.throws(wrong({ budgets: { moves: 1.5 } }), {
    message: 'snapshot.budgets.moves: must be a whole number of 0 or more, is 1.5',
  });
  t.end();
});
