// Asks both hosts, just before a migration starts, for reasons against it, and decides its commit mode.
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { CheckSourceResponse, CheckTargetResponse, Vm } from '../../shared/gen/agent.ts';
import type { CommitMode, Migration, MigrationCause } from '../../shared/gen/telemetry.ts';
import { hostKey, hostOfUri, isLoopback } from '../../shared/host-address.ts';
import { refuseLibvirtUri, refuseMigrateUri } from '../../shared/libvirt-uri.ts';
import { HOUR_MS, SECOND_MS } from '../../shared/units.ts';
import { estimateCopy, RATIO_MAX, type CopyEstimate } from '../planner/board/copy-time.ts';
import { toldCause } from './causes.ts';
import type { MigrationEvent } from './machine.ts';
import type { Run, Term } from './run.ts';
import { agentOf } from './sides.ts';

// The checks ask libvirt for capabilities, pools and the guest's XML.
const CHECK_TIMEOUT_MS = 10 * SECOND_MS;
// A guest takes its time from its host, so its clock would jump by the offset. NTP keeps hosts within milliseconds.
const CLOCK_OFFSET_MAX_MS = 5 * SECOND_MS;
// A guest that was busy an hour ago may be idle now; then only a copy shows its dirty rate.
const DIRTY_RATE_KEPT_MS = HOUR_MS;

/** What the copy will be like. */
export interface Checked {
  readonly memoryBytes: number;
  /** The VM starts with its host. */
  readonly autostart: boolean;
  readonly commitMode: CommitMode;
  readonly estimate: CopyEstimate;
  readonly downtimeMaxMs: number;
}

type Refused = MigrationEvent & { readonly kind: 'refused' };

/** The first reason against the migration, or how to make the copy. */
export async function check(term: Term, run: Run): Promise<Refused | (Checked & { readonly kind: 'good' })> {
  const { clock } = term.parts;
  const unaddressed = refuseAddress(term, run.migration);
  if (unaddressed !== undefined) return unaddressed;
  const askedAtMs = clock.monotonicMs();
  const seen = await lookAtSource(term, run);
  if (seen.kind === 'refused') return seen;
  // The source first: if the VM as a whole cannot move, what one target says is of no interest.
  const source = await checkSource(term, run);
  if (source.kind === 'refused') return source;
  const target = await checkTarget(term, run, seen.xml, source.told);
  if (target.kind === 'refused') return target;
  const tookMs = clock.monotonicMs() - askedAtMs;
  return (
    refuseOffset(run.migration, seen, target.answer, tookMs) ??
    judgeCopy(term, run.migration, seen.vm, target.answer)
  );
}

/** The source's agent would refuse it too, but only after the target has been told to expect a copy. */
function refuseAddress(
  { parts: { knowledge } }: Term,
  { sourceHostId, sourceHostName, targetHostId, targetHostName }: Migration,
): Refused | undefined {
  const { libvirtUri = '', migrateUri = '' } = knowledge.facts(targetHostId) ?? {};
  const source = knowledge.facts(sourceHostId);
  const own = [
    sourceHostName,
    ...[source?.libvirtUri, source?.migrateUri].map((uri) => hostOfUri(uri ?? '')),
  ].map(hostKey);
  const reason =
    refuseLibvirtUri(libvirtUri, true) ??
    refuseMigrateUri(migrateUri) ??
    [libvirtUri, migrateUri]
      .filter((uri) => {
        const host = hostOfUri(uri);
        return host !== '' && (isLoopback(host) || own.includes(hostKey(host)));
      })
      .map((uri) => `${uri} leads from ${sourceHostName} back to itself`)
      .at(0);
  if (reason === undefined) return undefined;
  return refused(
    'MIGRATION_CAUSE_DST_REFUSED',
    `the address that ${targetHostName} reports for its libvirt cannot be used: ${reason}; set advertise.address, or advertise.libvirtUri and advertise.migrateUri, of its agent`,
  );
}

interface SourceAnswer {
  readonly kind: 'seen';
  readonly vm: Vm;
  readonly xml: string;
}

async function lookAtSource(term: Term, run: Run): Promise<Refused | SourceAnswer> {
  const { vmUuid, sourceHostName } = run.migration;
  const wait = { signal: term.signal, timeoutMs: CHECK_TIMEOUT_MS };
  try {
    const { vm, xml } = await agentOf(term, run, 'source').getVm({ uuid: vmUuid }, true, wait);
    if (vm.state !== 'VM_STATE_RUNNING' && vm.state !== 'VM_STATE_BLOCKED')
      return refused('MIGRATION_CAUSE_NOT_RUNNING', `the VM no longer runs on ${sourceHostName}`);
    if (vm.migrationRole !== 'VM_MIGRATION_ROLE_UNSPECIFIED')
      return refused(
        'MIGRATION_CAUSE_MIGRATING_ALREADY',
        'the VM is in a migration that evenkeel did not order',
      );
    return { kind: 'seen', vm, xml };
  } catch (error) {
    const isGone = error instanceof EvenkeelError && error.code === 'NOT_FOUND';
    return refused(isGone ? 'MIGRATION_CAUSE_NO_VM' : 'MIGRATION_CAUSE_SRC_UNREACHABLE', messageOf(error));
  }
}

/** The first obstacle that keeps the VM on its host; without one, what the target must have as the source has it. */
async function checkSource(
  term: Term,
  run: Run,
): Promise<Refused | { readonly kind: 'free'; readonly told: CheckSourceResponse }> {
  const { vmUuid } = run.migration;
  const wait = { signal: term.signal, timeoutMs: CHECK_TIMEOUT_MS };
  try {
    const told = await agentOf(term, run, 'source').checkSource({ vmUuid }, wait);
    const [first, ...more] = told.obstacles;
    if (first === undefined) return { kind: 'free', told };
    return refused(toldCause(first.causeCode), `${first.reason}; ${first.cure}${andMore(more)}`);
  } catch (error) {
    return refused('MIGRATION_CAUSE_SRC_UNREACHABLE', messageOf(error));
  }
}

function andMore(more: readonly unknown[]): string {
  return more.length > 0 ? ` (and ${more.length} more)` : '';
}

async function checkTarget(
  term: Term,
  run: Run,
  xml: string,
  { storage, hostCpuXml: sourceCpuXml }: CheckSourceResponse,
): Promise<Refused | { readonly kind: 'asked'; readonly answer: CheckTargetResponse }> {
  const { vmUuid, vmName, sourceHostId, targetHostId, targetHostName } = run.migration;
  const { knowledge } = term.parts;
  const sourceHypervisorVersion = knowledge.facts(sourceHostId)?.hypervisorVersion ?? '';
  // Hosts whose libvirts speak TLS to each other copy by TLS as well.
  const tls = knowledge.facts(targetHostId)?.libvirtUri.startsWith('qemu+tls:') ?? false;
  try {
    const answer = await agentOf(term, run, 'target').checkTarget(
      { vmUuid, vmName, xml, storage, sourceCpuXml, sourceHypervisorVersion, tls },
      { signal: term.signal, timeoutMs: CHECK_TIMEOUT_MS },
    );
    const [first, ...more] = answer.refusals;
    if (first === undefined) return { kind: 'asked', answer };
    return refused(
      toldCause(first.causeCode),
      `${targetHostName} refuses it: ${first.reason}; ${first.cure}${andMore(more)}`,
    );
  } catch (error) {
    return refused('MIGRATION_CAUSE_DST_UNREACHABLE', messageOf(error));
  }
}

function refuseOffset(
  { sourceHostName, targetHostName }: Migration,
  { vm }: SourceAnswer,
  { atMs }: CheckTargetResponse,
  tookMs: number,
): Refused | undefined {
  if (atMs === 0 || vm.observedAtMs === 0) return undefined;
  // The target answered after the source, and at most that much later.
  const laterMs = atMs - vm.observedAtMs;
  const offsetMs = Math.max(-laterMs, laterMs - tookMs);
  if (offsetMs <= CLOCK_OFFSET_MAX_MS) return undefined;
  return refused(
    'MIGRATION_CAUSE_CLOCK_OFFSET',
    `the clocks of ${sourceHostName} and ${targetHostName} differ by ${Math.round(offsetMs / SECOND_MS)} s, so the guest's clock would jump; repair time synchronisation there`,
  );
}

function judgeCopy(
  { settings, parts }: Term,
  migration: Migration,
  vm: Vm,
  target: CheckTargetResponse,
): Refused | (Checked & { readonly kind: 'good' }) {
  const known = parts.knowledge.vm(migration.vmUuid);
  const downtimeMaxMs =
    known !== undefined && known.downtimeMaxMs > 0 ? known.downtimeMaxMs : settings.downtimeMaxMs;
  const predicted = estimateCopy({
    memoryBytes:
      known === undefined || known.memoryUsedBytes === 0 ? vm.memoryMaxBytes : known.memoryUsedBytes,
    dirtyBytesPerSecond: dirtyRateOf(parts, migration),
    bandwidthBytesPerSecond: migration.bandwidthBytesPerSecond,
    downtimeMaxMs,
  });
  if (predicted.ratio > RATIO_MAX && migration.decisionId !== '' && !migration.evacuation)
    return refused(
      'MIGRATION_CAUSE_NOT_CONVERGING',
      `its memory changed at ${Math.round(predicted.ratio * 100)} % of the bandwidth when it was last copied; give migrations more bandwidth, or move it yourself: "evenkeel migrate"`,
    );
  return {
    kind: 'good',
    memoryBytes: vm.memoryMaxBytes,
    autostart: vm.autostart,
    // Without a proven lock, the target's copy is resumed only when the source has released the guest, so only one copy runs.
    commitMode: target.lockProven ? 'COMMIT_MODE_LOCK' : 'COMMIT_MODE_PAUSED',
    estimate: predicted,
    downtimeMaxMs,
  };
}

/** As measured in the VM's last copy; 0 if that was too long ago, or never. */
function dirtyRateOf({ journal, clock }: Term['parts'], { vmUuid }: Migration): number {
  const sinceMs = clock.nowMs() - DIRTY_RATE_KEPT_MS;
  for (const { migration } of journal.list()) {
    if (migration.vmUuid !== vmUuid || migration.endedAtMs < sinceMs) continue;
    const measured = migration.progress?.dirtyBytesPerSecond ?? 0;
    if (measured > 0) return measured;
  }
  return 0;
}

function refused(causeCode: MigrationCause, outcome: string): Refused {
  return { kind: 'refused', causeCode, outcome };
}
