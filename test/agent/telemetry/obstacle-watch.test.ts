// Tests when VMs are asked about what keeps them on their host.
import t from 'tap';
import { Lifetimes } from '../../../agent/telemetry/lifetimes.ts';
import { watchObstacles } from '../../../agent/telemetry/obstacle-watch.ts';
import type { MoveObstacle } from '../../../shared/gen/telemetry.ts';
import { createLogger } from '../../../shared/log.ts';
import { MINUTE_MS, SECOND_MS } from '../../../shared/units.ts';
import { ManualClock } from '../../manual-clock.ts';

const SNAPSHOT: MoveObstacle = {
  causeCode: 'MIGRATION_CAUSE_HAS_SNAPSHOTS',
  reason: 'it has a snapshot',
  cure: 'delete it',
};

void t.test(
  'each VM is asked about at once, then now and then, and more often while it cannot leave',
  async (t) => {
    const clock = new ManualClock();
    const lifetimes = new Lifetimes();
    const lifetimeOf = (uuid: string) => lifetimes.of({ uuid, name: uuid, id: 1 });
    const asked: string[] = [];
    let obstacles: MoveObstacle[] = [];
    const stop = new AbortController();
    const watching = watchObstacles({
      ...{ lifetimes, clock, signal: stop.signal, logger: createLogger('test', 'silent') },
      look: (uuid) => {
        asked.push(uuid);
        if (uuid === 'gone') return Promise.reject(new Error('no such domain'));
        lifetimes.noteObstacles(uuid, obstacles);
        return Promise.resolve();
      },
    });
    lifetimeOf('a').isAskable = true;
    lifetimeOf('gone').isAskable = true;
    t.equal(lifetimeOf('moving').isAskable, false);
    await clock.pass(SECOND_MS);
    t.strictSame(asked.splice(0), ['a', 'gone'], 'not the one in a migration, and a failure stops nobody');
    await clock.pass(MINUTE_MS - SECOND_MS);
    t.strictSame(asked.splice(0), []);
    obstacles = [SNAPSHOT];
    await clock.pass(SECOND_MS);
    t.strictSame(asked.splice(0), ['a', 'gone']);
    t.strictSame(lifetimeOf('a').obstacles, [SNAPSHOT]);
    obstacles = [];
    await clock.pass(15 * SECOND_MS);
    t.strictSame(asked.splice(0), ['a'], 'an operator waits for it to be gone');
    t.strictSame(lifetimeOf('a').obstacles, []);
    lifetimes.onEvent({
      kind: 'deviceRemoved',
      domain: { uuid: 'a', name: 'a', id: 1 },
      device: 'hostdev0',
    });
    await clock.pass(SECOND_MS);
    t.strictSame(asked.splice(0), ['a'], 'its devices changed');
    stop.abort();
    await watching;
  },
);
