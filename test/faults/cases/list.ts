// Lists every fault: the cases that run, and those that cannot run here, with the reason.
import type { FaultCase, NotRun } from './case.ts';
import { daemonCases } from './daemons.ts';
import { guestCasesAll } from './guests.ts';
import { networkCases } from './network.ts';
import { tlsCases } from './tls.ts';

export const cases: readonly FaultCase[] = [
  ...daemonCases,
  ...networkCases,
  ...guestCasesAll,
  ...tlsCases,
].sort((one, other) => numberOf(one.id) - numberOf(other.id));

export const notRun: readonly NotRun[] = [
  {
    id: 'F24',
    title: 'disk full or EIO on the source while memory is copied',
    reason:
      'the pool is one folder of this machine, whose disk cannot be filled or broken for one guest alone',
  },
  {
    id: 'F27',
    title: 'a CPU model that the target has not',
    reason: 'the hosts of the lab share one processor; the check itself is tested in test/agent',
  },
  {
    id: 'F30',
    title: 'duplicated, delayed and re-ordered commands and reports',
    reason: 'gRPC keeps the order of a connection; the simulator delivers them so (npm run sim)',
  },
  {
    id: 'F32',
    title: 'clocks that jump by an hour',
    reason: 'the hosts share one kernel and its clock; the simulator lets clocks jump (npm run sim)',
  },
  {
    id: 'F33',
    title: '50 VMs overloaded at once',
    reason: 'the hosts of the lab have 2 GiB each; the simulator has the storm (npm run sim)',
  },
  {
    id: 'F34',
    title: 'load that alternates for 30 minutes',
    reason: 'the planner’s rules against it are tested in simulated time (test/scheduler, npm run sim)',
  },
  {
    id: 'F35',
    title: 'all hosts overloaded',
    reason: 'a decision, not a fault of a migration: tested in test/scheduler',
  },
  {
    id: 'F36',
    title: 'the target fills up while admitted moves are in flight',
    reason:
      'one inbound migration a host leaves no second one in flight in a lab of three hosts; simulated (npm run sim)',
  },
  {
    id: 'F41',
    title: 'garbled or slow answers of virsh',
    reason:
      'the agent speaks libvirt’s protocol: its decoder is fuzzed in test/libvirt; slow answers are F12 and F44',
  },
  {
    id: 'F42',
    title: 'agents restarted at 200 random points',
    reason: 'is the random mode: npm run test:faults -- --seed N --count 200',
  },
  {
    id: 'F43',
    title: 'the network cut after a switch to post-copy',
    reason:
      'QEMU refuses post-copy on a machine like the lab’s ("Postcopy is not supported"); the simulator has it (npm run sim)',
  },
];

function numberOf(id: string): number {
  return Number(id.slice(1));
}
