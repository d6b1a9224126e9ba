// `npm run sim -- traces`: replays days of utilisation traces under a policy and says what it cost.
import { parseArgs } from 'node:util';
import { consolidationCluster, consolidationOptions } from './consolidation.ts';
import type { Figures } from './meter.ts';
import { CONSOLIDATION_POLICIES } from './policies.ts';
import { readTraces, type TraceDay } from './read.ts';
import { replay } from './run.ts';

export const TRACES_USAGE = `       npm run sim -- traces --dir DIR --policy NAME [--mode fair|cloudsim] [--keep-vms] [--day NAME] [--json]
  --dir DIR     a folder of PlanetLab days, or with the three files of Bitbrains: docs/TRACES.md
  --policy NAME ${Object.keys(CONSOLIDATION_POLICIES).join(', ')}
  --mode MODE   fair (default), or cloudsim: as CloudSim 3.0.3 does it, oddities included
  --keep-vms    in cloudsim mode: without its deletion of VMs that want nothing
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
  if (dir === undefined || policy === undefined) throw new Error('--dir and --policy are needed');
  if (mode !== 'fair' && mode !== 'cloudsim') throw new Error('--mode must be fair or cloudsim');
  const days = readTraces(dir).filter((one) => day === undefined || one.day === day);
  if (days.length === 0) throw new Error(`--day ${day ?? ''}: ${dir} has no such day`);
  const results = days.map((one) => runDay(one, policy, mode === 'cloudsim', values['keep-vms']));
  if (values.json)
    process.stdout.write(`${JSON.stringify({ suite: 'traces', ok: true, policy, mode, days: results })}\n`);
}

/** One policy over one day. */
export function runDay(day: TraceDay, policy: string, isCloudSim: boolean, keepsVms: boolean): DayResult {
  const strategy = CONSOLIDATION_POLICIES[policy];
  if (strategy === undefined || day.kind !== 'planetlab') throw new Error(`--policy ${policy}: unknown`);
  const startedAtMs = performance.now();
  const options = consolidationOptions(isCloudSim, policy === 'npa');
  const figures = replay(consolidationCluster(day.vms), strategy(), {
    ...options,
    deletesIdle: options.deletesIdle && !keepsVms,
  });
  const seconds = (performance.now() - startedAtMs) / 1000;
  process.stderr.write(`${day.day} ${policy}: ${told(figures)}, ${seconds.toFixed(1)} s\n`);
  return { day: day.day, figures, seconds };
}

function told(figures: Figures): string {
  return [
    `${figures.energyKwh.toFixed(2)} kWh`,
    `${figures.migrations} migrations`,
    `shortage ${(figures.shortageTimeRatio * 100).toFixed(3)} % of active host time`,
    `SLATAH ${(figures.slatah * 100).toFixed(3)} %`,
    `PDM ${(figures.pdm * 100).toFixed(4)} %`,
    `ESV ${(figures.esv * 1e3).toFixed(4)}e-3`,
    `${figures.activeHostsMean.toFixed(1)} active hosts`,
  ].join(', ');
}
