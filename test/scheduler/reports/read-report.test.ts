// Tests that a report which names a device twice is let in with one of each, so that no point is written over another.
import t from 'tap';
import { readReport } from '../../../scheduler/reports/read-report.ts';
import type { NicSampleInput } from '../../../shared/gen/telemetry.ts';
import { hostReportCodec } from '../../../shared/proto/load.ts';
import { hostReport, uuidOf, vmSample } from '../metrics/reports.ts';

const TICK = 1_700_000_000_000;

function nicsRead(...nics: NicSampleInput[]): (readonly [device: string, bytes: number])[] {
  const report = hostReport(0, TICK, [vmSample(0, 0, { nics }), vmSample(0, 1)]);
  const reading = readReport(`samples.${uuidOf(0, 1)}`, hostReportCodec.encode(report), TICK);
  if (reading.kind !== 'report') throw new Error(reading.reason);
  t.equal(reading.report.vms[1]?.nics.length, 1, 'the other VM is as it was');
  return (reading.report.vms[0]?.nics ?? []).map(({ device, receiveBytes }) => [device, receiveBytes]);
}

t.test('of NICs that an agent of an earlier version names alike, the first stays', (t) => {
  const [mac, other] = ['52:54:00:00:77:01', '52:54:00:00:77:02'];
  const twins = [
    { device: mac, receiveBytes: 1 },
    { device: other, receiveBytes: 2 },
    { device: mac, receiveBytes: 3, receiveBytesPerSecond: 180e6 },
  ];
  t.same(nicsRead(...twins), [
    [mac, 1],
    [other, 2],
  ]);
  const apart = ['0000:01:00.0', '0000:02:00.0'].map((address) => ({ device: `${mac}@${address}` }));
  t.equal(nicsRead(...apart).length, 2, 'those that are told apart both stay');
  t.end();
});
