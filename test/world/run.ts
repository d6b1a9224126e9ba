// Runs one case on the lab's hosts, and leaves them as they were.
import type { Cluster } from '../e2e/cluster.ts';
import { World, type WorldCase } from './world.ts';

/** What was not as an operator may expect; empty when the case passed. */
export async function runWorldCase(
  cluster: Cluster,
  one: WorldCase,
  say: (text: string) => void,
): Promise<readonly string[]> {
  const world = new World(cluster, say);
  try {
    await one.run(world);
  } catch (error) {
    world.expect(false, `not carried out: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await world.clean();
  }
  return world.violations;
}
