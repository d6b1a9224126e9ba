// Tests the trace simulator: figures worked out by hand on tiny clusters, strict reading, repeatable runs, CloudSim's outputs.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CLOUDSIM_ROWS } from '../../../bench/cloudsim-rows.ts';
import { cloudStack, proxmox } from '../../../sim/traces/baselines/dispersion.ts';
import { sandpiper, thresholdLeastLoaded } from '../../../sim/traces/baselines/hot-spots.ts';
import { Cluster, type HostSpec, type SimVm, type VmSpec } from '../../../sim/traces/cluster.ts';
import { runDay } from '../../../sim/traces/main.ts';
import type { Figures } from '../../../sim/traces/meter.ts';
import { SPREAD_POLICIES } from '../../../sim/traces/policies.ts';
import { wattsAt } from '../../../sim/traces/power.ts';
import { DAY_SAMPLES, readTraces, type TraceDay } from '../../../sim/traces/read.ts';
import { Random } from '../../../sim/world/random.ts';
import { replay, type RunOptions, type Strategy } from '../../../sim/traces/run.ts';
import { snapshotOf } from '../../scheduler/planner/snapshots.ts';

const HOST: HostSpec = { name: 'h', cores: 1, coreMips: 1000, memoryMb: undefined, watts: [100, 200] };
const FAIR: RunOptions = {
  endSeconds: 1_000,
  deletesIdle: false,
  idleIsOff: false,
  alwaysFull: false,
  alwaysOn: false,
  megabytesPerSecond: 10,
};
const WHOLE_STEPS_SECONDS = 600;

function vm(name: string, shares: readonly number[], ramMb = 100): VmSpec {
  return { name, cores: 1, mips: 1000, ramMb, shares: Float64Array.from(shares), usedMb: undefined };
}

/** Steps are 300 s: the run counts from 300.1 to 900.1, and to the end of what migrates then. */
function run(vms: readonly VmSpec[], strategy: Strategy, hosts = 2, more: Partial<RunOptions> = {}): Figures {
  const specs = Array.from({ length: hosts }, () => HOST);
  return replay(new Cluster(specs, vms, 300), strategy, { ...FAIR, ...more });
}

/** VM and host by index, and the orders of the same step that it waits for. */
type Scripted = readonly [vm: number, host: number, after?: readonly number[]];

/** Starts all VMs on the first host; `orders` by step. */
function scripted(orders: Readonly<Record<number, readonly Scripted[]>> = {}): Strategy {
  let step = 0;
  return {
    place: (cluster) => {
      const [first] = cluster.hosts;
      for (const each of cluster.vms) if (first !== undefined) cluster.place(each, first);
    },
    decide: (cluster) => {
      step += 1;
      return (orders[step] ?? []).flatMap(([vmPlace, hostPlace, after = []]) => {
        const [moved, target] = [cluster.vms[vmPlace], cluster.hosts[hostPlace]];
        return moved === undefined || target === undefined ? [] : [{ vm: moved, target, after }];
      });
    },
  };
}

t.test('a steady VM costs the energy of its load on one host', (t) => {
  const figures = run([vm('a', [0.5, 0.5, 0.5, 0.5])], scripted());
  t.equal(wattsAt(HOST.watts, 0.5), 150);
  t.ok(
    Math.abs(figures.energyKwh - (150 * WHOLE_STEPS_SECONDS) / 3_600_000) < 1e-9,
    `${figures.energyKwh} kWh`,
  );
  t.equal(figures.activeHostsMean, 1);
  t.equal(figures.shortageTimeRatio, 0);
  t.end();
});

t.test('two VMs that want 1200 of 1000 MIPS are always short, and 200 MIPS are not served', (t) => {
  const figures = run([vm('a', [0.6, 0.6, 0.6, 0.6]), vm('b', [0.6, 0.6, 0.6, 0.6])], scripted());
  t.equal(figures.shortageTimeRatio, 1);
  t.ok(
    Math.abs(figures.unservedMipsSeconds - 200 * WHOLE_STEPS_SECONDS) < 1e-6,
    `${figures.unservedMipsSeconds}`,
  );
  t.ok(Math.abs(figures.shortageHostMinutes - 10) < 1e-9);
  t.end();
});

t.test(
  'a migration takes its memory over the bandwidth, holds both ends and costs a tenth of the VM',
  (t) => {
    const figures = run(
      [vm('a', [0.5, 0.5, 0.5, 0.5]), vm('b', [0.2, 0.2, 0.2, 0.2])],
      scripted({ 1: [[0, 1]] }),
    );
    t.equal(figures.migrations, 1);
    t.equal(figures.megabytesMoved, 100);
    // 10 s at 90 % of 500 MIPS, of 700 MIPS for 600 s.
    t.ok(Math.abs(figures.pdm - (0.1 * 500 * 10) / (700 * WHOLE_STEPS_SECONDS)) < 1e-9, `${figures.pdm}`);
    // The target counts as violated while it holds a tenth of the VM; it is on from then, the source all the time.
    t.ok(Math.abs(figures.slatah - 10 / (2 * WHOLE_STEPS_SECONDS)) < 1e-9, `${figures.slatah}`);
    t.equal(figures.shortageTimeRatio, 0);
    t.end();
  },
);

t.test('a move that waits for another one starts when that has ended', (t) => {
  const vms = [vm('a', [0.2, 0.2, 0.2, 0.2]), vm('b', [0.2, 0.2, 0.2, 0.2]), vm('c', [0.2, 0.2, 0.2, 0.2])];
  const waiting = run(
    vms,
    scripted({
      1: [
        [0, 1],
        [1, 1, [0]],
      ],
    }),
  );
  const together = run(
    vms,
    scripted({
      1: [
        [0, 1],
        [1, 1],
      ],
    }),
  );
  t.equal(waiting.migrations, 2);
  t.ok(Math.abs(waiting.slatah - 20 / (2 * WHOLE_STEPS_SECONDS)) < 1e-9, `${waiting.slatah}`);
  t.ok(Math.abs(together.slatah - 10 / (2 * WHOLE_STEPS_SECONDS)) < 1e-9, `${together.slatah}`);
  t.end();
});

t.test('a VM that goes back to where it came from is counted as a return', (t) => {
  const figures = run([vm('a', [0.5, 0.5, 0.5, 0.5])], scripted({ 1: [[0, 1]], 2: [[0, 0]] }));
  t.equal(figures.migrations, 2);
  t.equal(figures.returns, 1);
  t.end();
});

t.test(
  'CloudSim drops a VM that wants nothing and pays nothing for its host; fair mode does neither',
  (t) => {
    const idle = [vm('a', [0, 0, 0, 0])];
    const fair = run(idle, scripted());
    t.equal(fair.vmsLeft, 1);
    t.ok(Math.abs(fair.energyKwh - (100 * WHOLE_STEPS_SECONDS) / 3_600_000) < 1e-9);
    const cloudSim = run(idle, scripted(), 2, { deletesIdle: true, idleIsOff: true });
    t.equal(cloudSim.vmsLeft, 0);
    t.equal(cloudSim.energyKwh, 0);
    t.end();
  },
);

t.test('demand between two samples lies on a straight line', (t) => {
  const cluster = new Cluster([HOST], [vm('a', [0, 1])], 300);
  const demands = [0, 150, 300, 450].map((seconds) => {
    cluster.demandAt(seconds);
    return cluster.vms.map(({ demandMips }: SimVm) => demandMips);
  });
  t.same(demands, [[0], [500], [1000], [1000]]);
  t.end();
});

/** A small PlanetLab day of VMs with random load, some of them all or nothing. */
function randomDay(seed: number): TraceDay {
  const random = new Random(seed);
  const vms = Array.from({ length: 60 }, (_, index) => {
    const isJumpy = random.chance(0.2);
    const level = random.between(0.05, 0.4);
    const share = (): number => (isJumpy ? (random.chance(level) ? 1 : 0) : random.between(0, 2 * level));
    return { name: `vm${index}`, shares: Float64Array.from({ length: DAY_SAMPLES }, share) };
  });
  return { kind: 'planetlab', day: `seed${seed}`, vms };
}

t.test(
  'evenkeel packs a random day with fewer migrations and less ESV than MFPED and LR, and keeps every VM',
  (t) => {
    const seed = 1;
    const day = randomDay(seed);
    const own = runDay(day, 'evenkeel').figures;
    t.same(runDay(day, 'evenkeel').figures, own, `the same again, seed ${seed}`);
    t.equal(own.returns, 0, 'none goes straight back');
    t.equal(own.vmsLeft, 60);
    for (const policy of ['mfped_mmt_1.2', 'lr_mmt_1.2']) {
      const theirs = runDay(day, policy).figures;
      t.equal(theirs.vmsLeft, 60);
      t.ok(own.migrations < theirs.migrations, `seed ${seed}: migrations, ${policy}`);
      t.ok(own.esv < theirs.esv, `seed ${seed}: ESV, ${policy}`);
    }
    t.end();
  },
);

t.test('the threshold rule moves the VM with least memory to the least loaded host', (t) => {
  const snapshot = snapshotOf([
    {
      name: 'hot',
      cores: 4,
      vms: [
        { name: 'big', cores: 2, memoryUsedBytes: 9e8 },
        { name: 'small', cores: 1.5, memoryUsedBytes: 1e8 },
      ],
    },
    { name: 'warm', cores: 4, vms: [{ name: 'x', cores: 1 }] },
    { name: 'cold', cores: 4 },
  ]);
  t.same(thresholdLeastLoaded(snapshot), [{ vmUuid: 'small', targetHostId: 'cold' }]);
  t.same(sandpiper(snapshot), [{ vmUuid: 'small', targetHostId: 'cold' }], 'Sandpiper: most volume per byte');
  t.end();
});

t.test('CloudStack and Proxmox act on two uneven hosts, but no longer when calm ones are added', (t) => {
  const hot = {
    name: 'hot',
    cores: 4,
    vms: [1, 2, 3, 4].map((index) => ({ name: `v${index}`, cores: 0.9 })),
  };
  const calm = Array.from({ length: 12 }, (_, index) => ({ name: `c${index}`, cores: 4, ownCores: 1.6 }));
  const small = snapshotOf([hot, { name: 'cold', cores: 4 }]);
  t.ok(cloudStack(small).length > 0);
  t.ok(proxmox(small).length > 0);
  const large = snapshotOf([hot, ...calm]);
  t.same(cloudStack(large), []);
  t.same(proxmox(large), []);
  t.ok(thresholdLeastLoaded(large).length > 0, 'a rule by host still acts');
  t.end();
});

/** The folder, with these files in it. */
function folder(dir: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

const SAMPLES = new Array<string>(DAY_SAMPLES).fill('10').join(',');

t.test('the kind of traces is recognised from the files in the folder', (t) => {
  const [day] = readTraces(folder(t.testdir({}), { 'd.csv': `vm0,${SAMPLES}\n` }));
  t.equal(day?.kind, 'planetlab');
  t.equal(day?.vms.length, 1);
  t.end();
});

t.test('the three files of Bitbrains are cut into days', (t) => {
  const rows = `1,${SAMPLES},${SAMPLES}\n`;
  const days = readTraces(
    folder(t.testdir({}), {
      'meta.csv': 'vm,cores,cpu_capacity_mhz,mem_capacity_mb,coverage\n1,2,5200,2048,1.0\n',
      'cpu-mhz.csv': rows,
      'mem-mb.csv': rows,
    }),
  );
  t.same(
    days.map(({ kind, day }) => [kind, day]),
    [
      ['bitbrains', 'day1'],
      ['bitbrains', 'day2'],
    ],
  );
  for (const day of days) t.equal(runDay(day, 'none').figures.migrations, 0);
  t.end();
});

t.test('undocumented input is refused with file and line', (t) => {
  const meta = 'vm,cores,cpu_capacity_mhz,mem_capacity_mb\n1,2,5200,2048\n';
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{}, /no \.csv file/],
    [{ 'd.csv': 'vm0,1,2\n' }, /d\.csv:1: 2 samples instead of 288/],
    [{ 'd.csv': `vm0,${SAMPLES}\nvm1,${SAMPLES.replace('10', '101')}\n` }, /d\.csv:2: value 1 is "101"/],
    [{ 'd.csv': `vm0,${SAMPLES}\nvm0,${SAMPLES}\n` }, /d\.csv:2: VM vm0 has a line already/],
    [{ 'd.csv': `vm0,${SAMPLES.replace('10', '')}\n` }, /value 1 is ""/],
    [{ 'meta.csv': meta, 'cpu-mhz.csv': `1,${SAMPLES}\n` }, /mem-mb\.csv is missing/],
    [{ 'meta.csv': meta, 'cpu-mhz.csv': `1,${SAMPLES}\n`, 'mem-mb.csv': '1,5\n' }, /VM 1: samples must be/],
    [
      { 'meta.csv': meta, 'cpu-mhz.csv': `1,${SAMPLES}\n`, 'mem-mb.csv': `2,${SAMPLES}\n` },
      /VM 1 has no line in mem-mb\.csv/,
    ],
  ];
  for (const [files, message] of cases) t.throws(() => readTraces(folder(t.testdir({}), files)), { message });
  t.throws(() => readTraces('/nowhere/at/all'), { message: /cannot read the folder/ });
  t.throws(() => runDay(randomDay(1), 'magic'), { message: /these traces have evenkeel, npa/ });
  t.ok(Object.keys(SPREAD_POLICIES).includes('none'));
  t.end();
});

// Traces are not part of the project: docs/TRACES.md says where they come from.
const PLANETLAB = join('traces', 'planetlab');

t.test(
  "CloudSim's own outputs are reproduced",
  { skip: existsSync(PLANETLAB) ? false : `no traces in ${PLANETLAB}: docs/TRACES.md` },
  (t) => {
    for (const day of readTraces(PLANETLAB))
      for (const row of CLOUDSIM_ROWS.filter(
        (each) => each.day === day.day && /npa|dvfs|mfped/.test(each.policy),
      )) {
        const { figures } = runDay(day, row.policy, true, row.keepsVms);
        t.equal(figures.energyKwh.toFixed(2), row.energyKwh.toFixed(2), `${row.day} ${row.policy}`);
        t.equal(figures.migrations, row.migrations);
      }
    t.end();
  },
);
