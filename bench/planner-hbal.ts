// Runs Ganeti's balancer (hbal of Debian's ganeti-htools-3.0) on a snapshot, by its text files, and times it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Snapshot } from '../scheduler/planner/contract/snapshot.ts';
import { MIB } from '../shared/units.ts';

export const HBAL_PACKAGE = 'ganeti-htools-3.0';
const HBAL = '/usr/lib/ganeti/3.0/usr/bin/hbal';
// Limits nothing but the moves: VMs of any size, any number of vCPUs on a host.
const POLICY = '1,1,0,0,1,1|1,1,0,0,1,1;9999999,999,1,16,8,12|ext|999.0|999.0';
const GROUP = 'group';

export interface HbalRun {
  /** Host of each VM afterwards, by uuid. */
  readonly homes: ReadonlyMap<string, string>;
  readonly moves: number;
  readonly ms: number;
}

/** Runs hbal on shared storage: until it finds no more moves, or has made `movesMax`. */
export function runHbal(snapshot: Snapshot, movesMax?: number): HbalRun {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-hbal-'));
  try {
    const [data, loads, saved] = [join(folder, 'data'), join(folder, 'loads'), join(folder, 'saved')];
    writeFileSync(data, clusterText(snapshot));
    writeFileSync(loads, loadText(snapshot));
    const limit = movesMax === undefined ? [] : ['-l', String(movesMax)];
    const startedMs = performance.now();
    execFileSync(HBAL, ['-t', data, '-U', loads, '-S', saved, '-q', ...limit], {
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    const ms = performance.now() - startedMs;
    const homes = readHomes(readFileSync(`${saved}.balanced`, 'utf8'));
    const moves = snapshot.vms.filter(({ uuid, hostId }) => homes.get(uuid) !== hostId).length;
    return { homes, moves, ms };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** htools(1), "text backend": groups, nodes, instances, tags, policies, with an empty line between them. */
function clusterText({ hosts, vms }: Snapshot): string {
  const mib = (bytes: number): number => Math.round(bytes / MIB);
  const nodes = hosts.map(({ hostId, memoryBytes, cpuCores, load }) => {
    const own = vms.filter((vm) => vm.hostId === hostId);
    const used = own.reduce((sum, vm) => sum + mib(vm.load.memory.now), 0);
    const hostUse = Math.max(0, mib(load.memory.now) - used);
    const free = mib(memoryBytes) - hostUse - used;
    return `${hostId}|${mib(memoryBytes)}|${hostUse}|${free}|999999|999999|${cpuCores}|N|${GROUP}|1||N|0|1|1.0`;
  });
  const instances = vms.map(
    ({ uuid, hostId, vcpus, load }) =>
      `${uuid}|${mib(load.memory.now)}|0|${vcpus}|running|Y|${hostId}||ext||1|1|N`,
  );
  const policies = [`|${POLICY}`, `${GROUP}|${POLICY}`];
  return [[`${GROUP}|${GROUP}|preferred||`], nodes, instances, [], policies]
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}

/** Name, CPU, memory, disk, network; as shares of a host, so that CPU and memory have equal weight. */
function loadText({ hosts, vms }: Snapshot): string {
  const [first] = hosts;
  if (first === undefined) throw new Error('a snapshot without hosts');
  return vms
    .map(({ uuid, load }) => {
      const cpu = (load.cpu.now / first.cpuCores).toFixed(6);
      const memory = (load.memory.now / first.memoryBytes).toFixed(6);
      return `${uuid} ${cpu} ${memory} 0 0\n`;
    })
    .join('');
}

function readHomes(text: string): Map<string, string> {
  const instances = text.split('\n\n')[2] ?? '';
  return new Map(
    instances
      .split('\n')
      .map((line) => line.split('|'))
      .map((fields) => [fields[0] ?? '', fields[6] ?? '']),
  );
}
