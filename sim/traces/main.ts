// `npm run sim -- traces`: replays days of utilisation traces under a policy and reports the cost.
import { parseArgs } from 'node:util';
import { consolidationCluster, consolidationOptions } from './consolidation.ts';
import type { Figures } from './meter.ts';
import { CONSOLIDATION_POLICIES, SPREAD_POLICIES } from './policies.ts';
import { readTraces, type PlanetLabVm, type TraceDay } from './read.ts';
import { replay, type Strategy } from './run.ts';
import { spreadCluster, SPREAD_OPTIONS } from './spread.ts';

export const TRACES_USAGE = `       npm run sim -- traces --dir DIR --policy NAME [--mode fair|cloudsim] [--keep-vms] [--day NAME] [--json]
  --dir DIR     a folder of PlanetLab days, or with the three files of Bitbrains: docs/TRACES.md
  --policy NAME PlanetLab: ${Object.keys(CONSOLIDATION_POLICIES).join(', ')}
                Bitbrains: ${Object.keys(SPREAD_POLICIES).join(', ')}
  --mode MODE   fair (default), or cloudsim: as CloudSim 3.0.3, oddities included
  --keep-vms    in cloudsim mode: without its deletion of VMs without demand
  --day NAME    one day only
`;

interface DayResult {
  readonly day: string;
  readonly figures: Figures;
  readonly seconds: number;
}

export function simulateTraces(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      dir: { type: 'string' },
      policy: { type: 'string' },
      mode: { type: 'string', default: 'fair' },
      'keep-vms': { type: 'boolean', default: false },
      day: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const { dir, policy, mode, day } = values;
  if (dir === undefined || policy === undefined) throw new Error('--dir and --policy are required');
  if (mode !== 'fair' && mode !== 'cloudsim') throw new Error('--mode must be fair or cloudsim');
  const days = readTraces(dir).filter((one) => day === undefined || one.day === day);
  if (days.length === 0) throw new Error(`--day ${day ?? ''}: ${dir} has no such day`);
  const results = days.map((one) => runDay(one, policy, mode === 'cloudsim', values['keep-vms']));
  if (values.json)
    process.stdout.write(`${JSON.stringify({ suite: 'traces', ok: true, policy, mode, days: results })}\n`);
}

/** One policy over one day. */
export function runDay(day: TraceDay, policy: string, isCloudSim = false, keepsVms = false): DayResult {
  const startedAtMs = performance.now();
  const figures =
    day.kind === 'planetlab'
      ? consolidate(day.vms, policy, isCloudSim, keepsVms)
      : replay(spreadCluster(day.vms), strategyOf(SPREAD_POLICIES, policy), SPREAD_OPTIONS);
  const seconds = (performance.now() - startedAtMs) / 1000;
  process.stderr.write(`${day.day} ${policy}: ${summaryOf(figures, day.kind)}, ${seconds.toFixed(1)} s\n`);
  return { day: day.day, figures, seconds };
}

function consolidate(
  vms: readonly PlanetLabVm[],
  policy: string,
  isCloudSim: boolean,
  keepsVms: boolean,
): Figures {
  const options = consolidationOptions(isCloudSim, policy === 'npa');
  const deletesIdle = options.deletesIdle && !keepsVms;
  const strategy = strategyOf(CONSOLIDATION_POLICIES, policy);
  return replay(consolidationCluster(vms), strategy, { ...options, deletesIdle });
}

function strategyOf(policies: Readonly<Record<string, () => Strategy>>, name: string): Strategy {
  const make = policies[name];
  if (make === undefined)
    throw new Error(`--policy ${name}: these traces have ${Object.keys(policies).join(', ')}`);
  return make();
}

function summaryOf(figures: Figures, kind: TraceDay['kind']): string {
  const percent = (ratio: number, digits: number): string => `${(ratio * 100).toFixed(digits)} %`;
  const both = [
    `${figures.migrations} migrations of ${(figures.megabytesMoved / 1024).toFixed(0)} GiB`,
    `${figures.returns} straight back`,
    `shortage ${percent(figures.shortageTimeRatio, 3)} of active host time`,
  ];
  if (kind === 'bitbrains')
    return [
      ...both,
      `${(figures.unservedMipsSeconds / 1000).toFixed(0)} GHz s not served`,
      `memory at most ${percent(figures.memoryPeakRatio, 1)} allocated`,
    ].join(', ');
  return [
    `${figures.energyKwh.toFixed(2)} kWh`,
    ...both,
    `SLATAH ${percent(figures.slatah, 3)}`,
    `PDM ${percent(figures.pdm, 4)}`,
    `ESV ${(figures.esv * 1e3).toFixed(4)}e-3`,
    `${figures.activeHostsMean.toFixed(1)} active hosts`,
  ].join(', ');
}
