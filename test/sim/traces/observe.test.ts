// Tests that the planner gets the usual load of a modelled VM as the scheduler's own history computes it from its samples.
import t from 'tap';
import { History } from '../../../scheduler/load/history.ts';
import { Cluster } from '../../../sim/traces/cluster.ts';
import { Observer } from '../../../sim/traces/observe.ts';
import { MINUTE_MS } from '../../../shared/units.ts';
import { reportOf } from '../../scheduler/model-cluster.ts';

const STEP_MS = 5 * MINUTE_MS;
// Ends with an hour of another load, so that an estimator that forgets slowly would say something else.
const SHARES = [1, 0.2, 0.4, 0.1, 0.3, 0.2, 0.4, 0.1, 0.3, 0.5, ...new Array<number>(12).fill(0.8)];

t.test(
  'the usual load of a VM is unknown for 40 minutes, then what the history of the scheduler says',
  (t) => {
    const spec = { name: 'h', cores: 4, coreMips: 1000, memoryMb: undefined, watts: [100, 200] };
    const vm = { name: 'a', cores: 1, mips: 1000, ramMb: 100, shares: Float64Array.from(SHARES) };
    const cluster = new Cluster([spec], [{ ...vm, usedMb: undefined }], STEP_MS / 1000);
    const [home, guest] = [cluster.hosts[0], cluster.vms[0]];
    if (home === undefined || guest === undefined) throw new Error('the cluster has one of each');
    cluster.place(guest, home);
    const observer = new Observer({ looksBack: false, coolDownMs: 0 });
    const history = new History();
    SHARES.forEach((cores, step) => {
      const tickAtMs = (step + 1) * STEP_MS;
      history.add({
        ...reportOf({ name: 'h', cores: 4, vms: [{ name: '0', cores }] }, step + 1, tickAtMs),
        intervalMs: STEP_MS,
      });
      cluster.demandAt((step * STEP_MS) / 1000);
      observer.learn(cluster);
      const told = observer.snapshot(cluster, tickAtMs).vms[0]?.usualCpu;
      t.strictSame(told, history.usualCpu('0'), `step ${step + 1}`);
      t.equal(told === undefined, step < 8, `known from the ninth sample on: step ${step + 1}`);
    });
    t.end();
  },
);
