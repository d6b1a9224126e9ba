// Tests the demo's verdict and its count of samples, without running the demo.
import t from 'tap';
import { judge, type Measured } from '../../../lab/demo/result.ts';
import { spanOf } from '../../../lab/demo/samples.ts';
import type { HostReport } from '../../../shared/gen/telemetry.ts';
import { hostReportCodec } from '../../../shared/proto/load.ts';

const good: Measured = {
  vm: 'demo-1',
  from: 'kvm1',
  to: 'kvm3',
  detectMs: 3_200,
  migrationMs: 2_100,
  downtimeMs: 60,
  guestGapMs: 400,
  connectionKept: true,
  runningCopies: 1,
  demandRatios: [0.67, 0.04, 0.64],
  servedRatios: [0.97, 0.95],
  samplesPublished: 240,
  samplesInInflux: 240,
};

t.test('verdict', (t) => {
  t.test('is good when all of it is', (t) => {
    const result = judge(good);
    t.equal(result.ok, true);
    t.ok(result.checks.every(({ ok }) => ok));
    t.end();
  });
  const bad: readonly (readonly [claim: string, change: Partial<Measured>, check: string])[] = [
    ['two copies run', { runningCopies: 2 }, 'one copy'],
    ['no copy runs', { runningCopies: 0 }, 'one copy'],
    ['it is where it was', { to: 'kvm1' }, 'another host'],
    ['the connection broke', { connectionKept: false }, 'connection'],
    [
      'the guest was silent for longer than pause, two ticks and half a second',
      { guestGapMs: 761 },
      'guest gap',
    ],
    ['a host is still asked for more than it has', { demandRatios: [1.22, 0.04, 0.03] }, 'balance'],
    ['the hosts were not looked at', { demandRatios: [] }, 'balance'],
    ['a sample is missing in InfluxDB', { samplesInInflux: 239 }, 'samples'],
    ['a sample is in InfluxDB twice', { samplesInInflux: 241 }, 'samples'],
    ['nothing was published at all', { samplesPublished: 0, samplesInInflux: 0 }, 'samples'],
  ];
  for (const [claim, change, check] of bad) {
    t.test(`is bad when ${claim}`, (t) => {
      const result = judge({ ...good, ...change });
      t.equal(result.ok, false);
      t.strictSame(
        result.checks.filter(({ ok }) => !ok).map(({ name }) => name),
        [check],
      );
      t.end();
    });
  }
  t.test('accepts a silence of exactly the limit', (t) => {
    t.equal(judge({ ...good, guestGapMs: 760 }).ok, true);
    t.end();
  });
  t.end();
});

function report(
  sequence: number,
  reportsPublished: number,
  samplesPublished: number,
  bootId = 'boot',
): HostReport {
  return hostReportCodec.decode(
    hostReportCodec.encode({
      hostId: 'id',
      hostName: 'kvm1',
      bootId,
      sequence,
      tickAtMs: sequence * 1_000,
      agent: { reportsPublished, samplesPublished },
    }),
  );
}

t.test('span of samples', (t) => {
  t.test('runs from the first to the last report before which everything was acknowledged', (t) => {
    const reports = [report(4, 2, 6), report(5, 4, 12), report(6, 5, 15), report(7, 6, 19), report(8, 6, 19)];
    t.strictSame(spanOf(reports), { hostId: 'id', fromMs: 5_000, toMs: 7_000, published: 7 });
    t.end();
  });
  t.test('is unknown without two such reports', (t) => {
    t.equal(spanOf([]), undefined);
    t.equal(spanOf([report(5, 4, 12)]), undefined);
    t.equal(spanOf([report(5, 3, 12), report(6, 4, 15)]), undefined);
    t.end();
  });
  t.test('refuses an agent that was restarted in between', (t) => {
    t.throws(() => spanOf([report(5, 4, 12), report(1, 0, 0, 'next')]), /kvm1: restarted/);
    t.end();
  });
  t.end();
});
