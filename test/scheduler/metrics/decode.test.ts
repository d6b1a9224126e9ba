// Reports on their way into InfluxDB go through the same door as those for the cluster view.
import t from 'tap';
import { decodeReport } from '../../../scheduler/metrics/decode.ts';
import type { HostReportInput } from '../../../shared/gen/telemetry.ts';
import { samplesSubject } from '../../../shared/nats.ts';
import { hostReportCodec } from '../../../shared/proto/load.ts';
import { HOUR_MS } from '../../../shared/units.ts';
import { hostReport, uuidOf, vmSample } from './reports.ts';

const TICK_MS = 1_800_000_000_000;
const DAY_MS = 24 * HOUR_MS;
const SUBJECT = samplesSubject(uuidOf(0, 1));
const GOOD = hostReport(0, TICK_MS, [vmSample(0, 0)]);

/** Decoded as if JetStream had stored the report at `storedAtMs`. */
function decoded(over: HostReportInput, storedAtMs = TICK_MS) {
  return decodeReport(SUBJECT, hostReportCodec.encode({ ...GOOD, ...over }), storedAtMs);
}

t.test('a report in order becomes points', (t) => {
  t.match(decoded({}), { kind: 'points', points: [{ measurement: 'host', atMs: TICK_MS }] });
  t.end();
});

t.test('a report that the cluster view refuses is no point in InfluxDB either', (t) => {
  const refused: readonly (readonly [over: HostReportInput, reason: RegExp])[] = [
    [{ tickAtMs: TICK_MS + 400 * DAY_MS }, /400 days ahead of NATS; set the host's clock/],
    [{ hostId: uuidOf(0, 2) }, /is not the subject's/],
    [{ intervalMs: 0 }, /interval_ms 0/],
    [{ host: { ...GOOD.host, cpuPressureRatio: 42 } }, /cpu_pressure_ratio 42 .*not in shares of 1/],
    [{ host: { ...GOOD.host, memoryBytes: 64 * 1024 ** 2 } }, /memory_bytes .*not in bytes/],
    [{ vms: [vmSample(0, 0, { cpuCores: 1_000 })] }, /VM vm-0-0: cpu_cores 1000/],
  ];
  for (const [over, reason] of refused) t.match(decoded(over), { kind: 'invalid', reason }, String(reason));
  t.end();
});

t.test('a report that waited in NATS is judged by when it was stored, not by when it is read', (t) => {
  const storedAtMs = TICK_MS - HOUR_MS;
  t.match(decoded({}, storedAtMs), { kind: 'invalid' }, 'its clock was an hour ahead then');
  t.match(decoded({}, TICK_MS + 6 * HOUR_MS), { kind: 'points' }, 'the agent kept it for hours');
  t.end();
});

t.test('bytes that are not a report are told apart from a report that cannot be right', (t) => {
  t.match(decodeReport(SUBJECT, Buffer.from([0xff, 0xff, 0xff]), TICK_MS), {
    kind: 'undecodable',
    reason: /^not a HostReport: /,
  });
  t.end();
});
