// Configures the import check: which folder may import from which.
import { PURE } from './pure-files.js';

// From the top down: a floor imports the floors below it, never one above or beside it in another line.
const SCHEDULER_FLOORS = [
  ['main\\.ts'],
  ['scheduler\\.ts'],
  ['api/'],
  ['core\\.ts'],
  ['loop/'],
  ['decisions/', 'config\\.ts'],
  ['people/'],
  ['cluster/'],
  ['restraint/'],
  ['migrations/'],
  ['load/', 'leader/'],
  ['planner/', 'store/', 'metrics/'],
  ['reports/'],
];

const PLANNER_FLOORS = [
  ['plan-moves\\.ts', 'placement\\.ts', 'stays\\.ts'],
  ['duties/', 'why-vm\\.ts'],
  ['words/'],
  ['board/', 'compare-plans\\.ts'],
  ['contract/'],
];

/** One rule for each floor: nothing above it is imported. */
function floorRules(root, floors) {
  return floors.slice(1).map((rooms, at) => ({
    name: `${root}-floors`,
    comment: `imports run down only: ${floors.map((each) => each.join('|')).join(' > ')}`,
    severity: 'error',
    from: { path: `^${root}/(${rooms.join('|')})` },
    to: {
      path: `^${root}/(${floors
        .slice(0, at + 1)
        .flat()
        .join('|')})`,
    },
  }));
}

function pathsOf(files) {
  return files
    .map((each) => (each.endsWith('.ts') ? `${each.replaceAll('.', '\\.')}$` : `${each}/`))
    .join('|');
}

export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'shared-knows-no-process',
      comment: 'shared <- agent, scheduler, cli',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(agent|scheduler|cli|lab|bench|sim|test)/' },
    },
    {
      name: 'agent-and-scheduler-meet-on-the-wire',
      comment: 'but the planner is pure: the command makes plans again with it, offline',
      severity: 'error',
      from: { path: '^(agent|scheduler|cli)/' },
      to: {
        path: '^(agent|scheduler|cli|lab|bench|sim|test)/',
        pathNot: '^($1|scheduler/planner)/',
      },
    },
    ...floorRules('scheduler', SCHEDULER_FLOORS),
    ...floorRules('scheduler/planner', PLANNER_FLOORS),
    {
      name: 'planner-stands-alone',
      severity: 'error',
      from: { path: '^scheduler/planner/' },
      to: { path: '^scheduler/', pathNot: '^scheduler/planner/' },
    },
    {
      name: 'libvirt-client-stands-alone',
      severity: 'error',
      from: { path: '^agent/libvirt/' },
      to: {
        path: '^(shared|agent)/',
        pathNot: '^(agent/libvirt/|shared/(backoff|bell|clock|errors)\\.ts)',
      },
    },
    {
      name: 'decisions-are-pure',
      comment:
        'of what is not pure they may know the types; valibot and saxes read a text and touch nothing else',
      severity: 'error',
      from: { path: `^(${pathsOf(PURE)})` },
      to: {
        dependencyTypesNot: ['type-only'],
        pathNot: `^(${pathsOf(PURE)}|node_modules/(valibot|saxes)/)`,
      },
    },
    {
      name: 'migrations-touch-the-machine-at-their-edges-only',
      comment:
        'all else of agent/migration, and what it keeps, runs in the simulator: time, disk, network and hypervisor are passed in',
      severity: 'error',
      from: {
        path: '^agent/(migration/|state/folder\\.ts)',
        pathNot:
          '^agent/migration/(checks/|hypervisor/(libvirt-hypervisor|qemu-process)\\.ts$|target/source-agent\\.ts$)',
      },
      to: { dependencyTypes: ['core', 'npm'], dependencyTypesNot: ['type-only'], pathNot: 'valibot' },
    },
    {
      name: 'nothing-depends-on-tests',
      severity: 'error',
      from: { pathNot: '^(test|bench)/' },
      to: { path: '^(test|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '^(shared/gen|node_modules|dist)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
