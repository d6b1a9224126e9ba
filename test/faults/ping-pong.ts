// F1: no fault at all, many times back and forth under a steady load: what a migration costs the guest, and what it leaves.
// Now and then plain virsh makes the move: what QEMU, libvirt and this machine cost the guest is not evenkeel's.
import { hostRun } from '../../lab/hosts/control.ts';
import type { TickWatch } from '../../lab/image/guest.ts';
import { labHost } from '../../lab/topology.ts';
import { seconds, sleep, until, type Cluster } from '../e2e/cluster.ts';
import { expectedCommit, type CaseMode } from './cases/mode.ts';
import { checkDisk, checkHome, checkPorts, checkView } from './checks.ts';
import { readyGuest } from './guests.ts';
import { healAll } from './parts.ts';
import type { CaseResult, Say } from './run.ts';
import { Sampler } from './sampler.ts';
import { tooSilent } from './silences.ts';
import { Stage, stateOf } from './stage.ts';
import { causeWord } from '../../shared/cause-word.ts';

const baselineMs = 30_000;
/** One more move by virsh after so many of evenkeel's. */
const virshEvery = 5;
/** The scheduler's default. */
const bandwidthMib = 100;
const endWithinMs = 90_000;

export async function pingPong(
  cluster: Cluster,
  mode: CaseMode,
  count: number,
  say: Say,
): Promise<CaseResult> {
  const title = `${count} migrations back and forth under a steady load`;
  say(`F1 (${mode}): ${title}`);
  const violations: string[] = [];
  await healAll();
  const { guest, host } = await readyGuest(cluster, mode);
  const watch = await guest.watch();
  const sampler = new Sampler(guest.name);
  const silences: number[] = [];
  const virshSilences: number[] = [];
  let looks = 0;
  let home = host;
  try {
    await guest.tell('burn 1');
    await sleep(2_000);
    watch.restart();
    await sleep(baselineMs);
    const aloneMs = watch.record().longestSilenceMs;
    say(`  left alone for ${seconds(baselineMs)}: silent for ${aloneMs} ms at most`);
    sampler.start();
    for (let round = 1; round <= count; round += 1) {
      const target = home === 'kvm1' ? 'kvm2' : 'kvm1';
      watch.restart();
      const stage = new Stage(
        { cluster, guest, source: home, target, watch },
        await cluster.migrations(),
        say,
      );
      const took = await oneWay(stage, violations);
      const { longestSilenceMs, missing, ended } = watch.record();
      silences.push(longestSilenceMs);
      if (missing > 0 || ended !== undefined)
        violations.push(`round ${round}: ${missing} ticks lost ${ended ?? ''}`);
      say(`  ${round}/${count} ${home} -> ${target}: ${seconds(took)}, silent ${longestSilenceMs} ms`);
      home = target;
      if (isVirshsTurn(round, count)) {
        watch.restart();
        home = await byVirsh(stage);
        virshSilences.push(watch.record().longestSilenceMs);
        say(`  by virsh: silent ${virshSilences.at(-1)} ms`);
      }
      const misplaced = await checkHome(guest, home);
      violations.push(...misplaced);
      // A silence that is too long is counted; with a guest in the wrong place the case cannot continue.
      if (misplaced.length > 0) break;
    }
    await guest.tell('burn 0');
    violations.push(...tooSilent(silences, virshSilences));
    violations.push(...(await checkView(cluster, guest, home)), ...(await checkPorts()));
    if (mode === 'lock') violations.push(...(await checkDisk(guest, home)));
  } catch (error) {
    violations.push(`not carried out: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    const report = await sampler.stop();
    looks = report.looks;
    for (const ran of report.ranTwice) violations.push(`I1: ${ran}`);
    watch.close();
  }
  if (violations.length > 0) await cluster.removeVms();
  for (const violation of violations) say(`  VIOLATION ${violation}`);
  const longest = Math.max(0, ...silences);
  return {
    name: `F1 (${mode})`,
    title,
    end: `${silences.length} of ${count} SUCCEEDED`,
    cause: '',
    commit: expectedCommit(mode),
    outcome: `silences of the guest in ms: ${inOrder(silences)}; moved by virsh: ${inOrder(virshSilences)}`,
    silenceMs: longest,
    endedAfterMs: 0,
    looks,
    violations,
  };
}

/** At least once, however few moves there are. */
function isVirshsTurn(round: number, count: number): boolean {
  return round % virshEvery === 0 || (round === count && count < virshEvery);
}

function inOrder(figures: readonly number[]): string {
  return figures.toSorted((a, b) => a - b).join(' ');
}

/** Moves the guest back as the agent would have libvirt do it; resolves with its host. */
async function byVirsh(stage: Stage): Promise<Stage['source']> {
  const { guest, source, target, watch } = stage;
  const { libvirtUri, address } = labHost(source);
  const flags = '--live --p2p --persistent --undefinesource --abort-on-error --unsafe'.split(' ');
  const limits = ['--bandwidth', String(bandwidthMib), '--migrateuri', `tcp://${address}`];
  const argv = ['virsh', '--quiet', '-c', 'qemu:///system', 'migrate', ...flags, ...limits];
  await hostRun(target, [...argv, guest.name, libvirtUri], { timeoutMs: endWithinMs });
  await ticksOn(watch);
  return source;
}

/** One migration; resolves with the time from the order to its record. */
async function oneWay(stage: Stage, violations: string[]): Promise<number> {
  const { cluster, guest, source, watch } = stage;
  await until(
    `the scheduler sees the guest run on ${source}`,
    30_000,
    async () => (await cluster.vms()).filter(({ sample }) => sample?.name === guest.name),
    (seen) =>
      seen.length === 1 &&
      seen.every(
        ({ hostName, migrationId, sample }) =>
          // A copy that arrived paused may have been sampled so.
          hostName === source && migrationId === '' && sample?.state === 'VM_STATE_RUNNING',
      ),
  );
  const { status, text } = await stage.order();
  if (status !== 0) throw new Error(`refused: ${text}`);
  const [migration] = await until(
    'the migration has ended',
    endWithinMs,
    () => stage.migrations(),
    ([seen]) => (seen?.endedAtMs ?? 0) > 0,
  );
  if (migration === undefined) throw new Error('unreachable');
  if (stateOf(migration) !== 'SUCCEEDED')
    violations.push(
      `ended as ${stateOf(migration)}: ${causeWord(migration.causeCode)}: ${migration.outcome}`,
    );
  await ticksOn(watch);
  return migration.endedAtMs - migration.queuedAtMs;
}

async function ticksOn(watch: TickWatch): Promise<void> {
  const before = watch.record().count;
  await until(
    'the guest ticks on',
    30_000,
    () => Promise.resolve(watch.record()),
    ({ count, ended }) => ended !== undefined || count > before + 10,
  );
}
