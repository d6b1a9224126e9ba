// Tests the placement of new VMs and ordered migrations.
import t from 'tap';
import { GIB } from '../../../shared/units.ts';
import { placeMigration, placeNew } from '../../../scheduler/planner/placement.ts';
import { DEFAULT_PLAN_POLICY } from '../../../scheduler/planner/contract/policy.ts';
import { host, snapshotOf, vm } from './snapshots.ts';

const NEW = { id: 'new', name: 'new', vcpus: 2, memoryMaxBytes: GIB, needs: ['pool:shared'] };
const SHARED = { cores: 4, memory: 8 * GIB, traits: ['pool:shared'] };

void t.test('a new VM goes to the host that keeps most room, and every other host has a refusal', (t) => {
  const snapshot = snapshotOf([
    host('h1', [vm('a', 2)], SHARED),
    host('h2', [vm('b', 1)], SHARED),
    host('h3', [], { ...SHARED, traits: ['pool:local'] }),
    host('h4', [], { ...SHARED, cores: 1 }),
    host('h5', [vm('c', 0, { memoryMaxBytes: 7 * GIB })], SHARED),
    host('h6', [], { ...SHARED, service: 'draining' }),
  ]);
  const placement = placeNew(snapshot, DEFAULT_PLAN_POLICY, NEW);
  t.equal(placement.hostId, 'h2');
  t.match(placement.refusals, [
    { code: 'no_pool', hostId: 'h3', reason: 'it has no pool "shared" (it has local)' },
    { code: 'too_few_cores', hostId: 'h4' },
    { code: 'memory_allocation', hostId: 'h5' },
    { code: 'draining', hostId: 'h6' },
  ]);
  t.match(placeNew(snapshot, DEFAULT_PLAN_POLICY, NEW, 'h1'), { hostId: 'h1', refusals: [] });
  t.match(placeNew(snapshot, DEFAULT_PLAN_POLICY, NEW, 'h4'), {
    hostId: undefined,
    refusals: [{ hostId: 'h4' }],
  });
  t.end();
});

void t.test('an ordered migration goes to the roomiest host, even a busy one, never beyond memory', (t) => {
  const snapshot = snapshotOf([
    host('h1', [vm('a', 3)], SHARED),
    host('h2', [vm('b', 3)], SHARED),
    host('h3', [vm('c', 2)], SHARED),
    host('h4', [vm('d', 0, { memoryMaxBytes: 7 * GIB })], SHARED),
    host('h5', [], { ...SHARED, migrationsIn: 1 }),
  ]);
  const placement = placeMigration(snapshot, DEFAULT_PLAN_POLICY, 'a');
  t.equal(placement.hostId, 'h3', 'a host with an incoming migration comes last');
  t.match(placement.refusals, [{ code: 'memory_allocation', hostId: 'h4', vmUuid: 'a' }]);
  t.equal(placeMigration(snapshot, DEFAULT_PLAN_POLICY, 'a', 'h2').hostId, 'h2');
  t.match(placeMigration(snapshot, DEFAULT_PLAN_POLICY, 'a', 'h4'), {
    hostId: undefined,
    refusals: [{ hostId: 'h4' }],
  });
  t.end();
});
