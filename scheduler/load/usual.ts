// What a VM usually wants: mean and spread of a long run of samples, by which hosts are packed. Pure.
import type { UsualLoad } from '../planner/contract/snapshot.ts';

// The newest of samples five minutes apart counts a twelfth: what is remembered is about the last hour. What varies at
// random from one sample to the next is best foretold by a long mean; a change that stays is seen within the hour.
const NEWEST_WEIGHT = 1 / 12;
// Until there are samples enough, what is known of VMs in general counts as much as this many of them.
const PRIOR_MEAN_SAMPLES = 2;
const PRIOR_DEVIATION_SAMPLES = 4;

/** The usual load with one more sample; `prior` is what VMs of its size want in general, for one that was never seen. */
export function withSample(usual: UsualLoad | undefined, cores: number, prior: UsualLoad): UsualLoad {
  if (usual === undefined)
    return {
      meanCores: (prior.meanCores + cores) / 2,
      deviationCores: prior.deviationCores,
      samples: 1,
    };
  const samples = usual.samples + 1;
  const surprise = cores - usual.meanCores;
  const meanWeight = Math.max(NEWEST_WEIGHT, 1 / (samples + PRIOR_MEAN_SAMPLES));
  const deviationWeight = Math.max(NEWEST_WEIGHT, 1 / (samples + PRIOR_DEVIATION_SAMPLES));
  const variance = usual.deviationCores ** 2;
  return {
    meanCores: usual.meanCores + meanWeight * surprise,
    deviationCores: Math.sqrt(variance + deviationWeight * (surprise ** 2 - variance)),
    samples,
  };
}
