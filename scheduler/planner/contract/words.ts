// Words resources, ratios and times in the same way for plans, refusals and explanations.
import type { LoadResource } from './policy.ts';

export const RESOURCE_WORDS: Readonly<Record<LoadResource, string>> = {
  cpu: 'CPU demand',
  memory: 'memory in use',
  network: 'network traffic',
  disk: 'disk traffic',
};

export function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}

/** "14:05:09 UTC": within the day is enough for cool-downs and samples. */
export function clockTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 19)} UTC`;
}
