// What an agent does for migrations beside the copy: guards the target, shows the VM, puts one side in order, forgets.
import { EvenkeelError } from '../../../shared/errors.ts';
import type {
  EndMigrationRequest,
  GuardMigrationRequest,
  GuardMigrationResponseInput,
  ObserveVmRequest,
  ObserveVmResponseInput,
  SettleVmRequest,
  SettleVmResponseInput,
  VmInput,
} from '../../../shared/gen/agent.ts';
import { SerialByKey } from '../../../shared/serial.ts';
import { SECOND_MS } from '../../../shared/units.ts';
import { translateLibvirt, translated } from '../../libvirt-errors.ts';
import { LibvirtConnectionError } from '../../libvirt/errors.ts';
import {
  fencedText,
  ruleEnd,
  ruleGuard,
  ruleTouch,
  type MigrationKey,
  type Intent,
} from '../promises/claims.ts';
import type { Intents } from '../promises/intents.ts';
import { checkKey } from '../promises/requests.ts';
import { checkAct, refusalOf, type Act } from './settle.ts';
import { isOff } from '../hypervisor/vm-state.ts';
import { Watchdog, type WatchContext } from './watchdog.ts';

// Setting a limit back must not hold up the end of a migration for longer than this.
const RESTORE_TIMEOUT_MS = 2 * SECOND_MS;

export class MigrationGuard {
  readonly #context: WatchContext;
  /** By VM: what is seen and then done to one is not mixed with what another does to it. */
  readonly #acts = new SerialByKey();
  readonly #watchdog: Watchdog;

  constructor(context: WatchContext) {
    this.#context = context;
    this.#watchdog = new Watchdog(context, this.#acts);
  }

  /** Watches over paused copies until the signal aborts, also over those that were guarded before a restart. */
  watch(signal: AbortSignal): Promise<void> {
    return this.#watchdog.run(signal);
  }

  /** Asked again, it answers as the first time. */
  async guard(request: GuardMigrationRequest, signal: AbortSignal): Promise<GuardMigrationResponseInput> {
    const { key, vmUuid } = checkKey(request, this.#context.clock.nowMs());
    const { hypervisor, intents, callTimeoutMs, logger } = this.#context;
    const what = `guard migration ${key.migrationId} of VM ${vmUuid}`;
    const wait = { timeoutMs: callTimeoutMs, signal };
    const before = await translated(what, hypervisor.observe(vmUuid, wait));
    const answer = await intents.rule(vmUuid, (record) => {
      const ruled = ruleGuard(record, key, {
        role: 'target',
        vmName: request.vmName,
        commitMode: request.commitMode,
        memoryBytes: request.memoryBytes,
        sourceHostId: request.sourceHostId,
        sourceAgentAddress: request.sourceAgentAddress,
        sourceCertificateSha256: request.sourceCertificateSha256,
        definedBefore: before !== undefined,
        isSettled: false,
      });
      const isNew = ruled.answer.kind === 'guarded' && record?.intent !== ruled.record?.intent;
      if (isNew && before !== undefined && !isOff(before))
        throw new EvenkeelError(
          'FAILED_PRECONDITION',
          `${what}: a VM with this UUID is active here; find out which of the two is the true one`,
        );
      return ruled;
    });
    this.#watchdog.hear(vmUuid);
    switch (answer.kind) {
      case 'fenced':
        throw new EvenkeelError('FAILED_PRECONDITION', `${what}: ${fencedText(key, answer.seen)}`);
      case 'ended':
        throw new EvenkeelError('FAILED_PRECONDITION', `${what}: it has ended; begin a new one`);
      case 'guarded':
        logger.info(
          { ...key, vmId: vmUuid, commitMode: request.commitMode, sourceHost: request.sourceHostId },
          'guarding an incoming migration',
        );
        return { definedBefore: answer.definedBefore };
    }
  }

  /** Waits for the act of another on the VM: what it shows is not about to change by our hand. */
  async observe(request: ObserveVmRequest, signal: AbortSignal): Promise<ObserveVmResponseInput> {
    const { key, vmUuid } = checkKey(request, this.#context.clock.nowMs());
    const { hypervisor, intents, callTimeoutMs } = this.#context;
    const what = `observe VM ${vmUuid}`;
    await this.#touch(what, vmUuid, key);
    return this.#acts.run(vmUuid, async () => {
      signal.throwIfAborted();
      const vm = await translated(what, hypervisor.observe(vmUuid, { timeoutMs: callTimeoutMs, signal }));
      const record = await intents.of(vmUuid);
      return {
        ...(vm === undefined ? {} : { vm }),
        migrationId: record?.intent === undefined ? '' : record.migrationId,
      };
    });
  }

  /** Does one act when the VM still is as the caller saw it. Once begun it is not broken off with the caller. */
  async settle(request: SettleVmRequest, signal: AbortSignal): Promise<SettleVmResponseInput> {
    const { key, vmUuid } = checkKey(request, this.#context.clock.nowMs());
    const act = checkAct(request.act);
    const what = `${act} VM ${vmUuid}`;
    await this.#touchOpen(what, vmUuid, key);
    return this.#acts.run(vmUuid, async () => {
      signal.throwIfAborted();
      // A later scheduler may have spoken while this waited for its turn.
      await this.#touchOpen(what, vmUuid, key);
      const wait = { timeoutMs: this.#context.callTimeoutMs };
      const before = await translated(what, this.#context.hypervisor.observe(vmUuid, wait));
      const refusal = refusalOf(act, request, before);
      if (refusal !== undefined) throw new EvenkeelError('FAILED_PRECONDITION', `${what}: ${refusal}`);
      await translated(what, this.#perform(act, vmUuid));
      this.#context.logger.warn({ ...key, vmId: vmUuid, act, state: before?.state }, 'settled one side');
      const vm = await translated(what, this.#context.hypervisor.observe(vmUuid, wait));
      return vm === undefined ? {} : { vm };
    });
  }

  /** Sets the guest's limits back when it stayed and that has not worked yet; then others may command the VM again. */
  async end(request: EndMigrationRequest): Promise<void> {
    const { key, vmUuid } = checkKey(request, this.#context.clock.nowMs());
    const { intents, logger } = this.#context;
    const record = await intents.of(vmUuid);
    // Also of an earlier migration, whose own end this host never heard.
    if (record !== undefined && key.epoch >= record.epoch) await this.#restoreLimit(vmUuid, record.intent);
    const answer = await intents.rule(vmUuid, (before) => ruleEnd(before, key));
    if (answer.kind === 'fenced')
      // Not FAILED_PRECONDITION, which a disk that cannot be written gives too: this host knows of a later one.
      throw new EvenkeelError('ABORTED', `end migration ${key.migrationId}: ${fencedText(key, answer.seen)}`);
    this.#watchdog.forget(vmUuid);
    if (answer.intent !== undefined)
      logger.info({ ...key, vmId: vmUuid, role: answer.intent.role }, 'migration is over here');
  }

  async #perform(act: Act, vmUuid: string): Promise<void> {
    const { hypervisor, callTimeoutMs } = this.#context;
    const wait = { timeoutMs: callTimeoutMs };
    switch (act) {
      case 'resume':
        await hypervisor.resume(vmUuid, wait);
        return this.#watchdog.settled(vmUuid);
      case 'suspend':
        // Before it: what a scheduler has suspended, this host must never resume by itself.
        await this.#watchdog.settled(vmUuid);
        return hypervisor.suspend(vmUuid, wait);
      case 'destroy':
        return hypervisor.destroy(vmUuid, wait);
      case 'undefine':
        return hypervisor.undefine(vmUuid, wait);
    }
  }

  async #touchOpen(what: string, vmUuid: string, key: MigrationKey): Promise<void> {
    if ((await this.#touch(what, vmUuid, key)) === 'ended')
      throw new EvenkeelError(
        'FAILED_PRECONDITION',
        `${what}: migration ${key.migrationId} has ended here; begin a new one, or act by hand`,
      );
  }

  async #touch(what: string, vmUuid: string, key: MigrationKey): Promise<'allowed' | 'ended'> {
    const answer = await this.#context.intents.rule(vmUuid, (record) => ruleTouch(record, key));
    if (answer.kind === 'fenced')
      throw new EvenkeelError('FAILED_PRECONDITION', `${what}: ${fencedText(key, answer.seen)}`);
    this.#watchdog.hear(vmUuid);
    return answer.kind;
  }

  async #restoreLimit(vmUuid: string, intent: Intent | undefined): Promise<void> {
    if (intent?.role !== 'source' || intent.previousDowntimeMs <= 0) return;
    const { hypervisor, logger } = this.#context;
    const wait = { timeoutMs: RESTORE_TIMEOUT_MS };
    // While libvirt is away the migration is not over here: the scheduler tells it again.
    const what = `set the downtime limit of VM ${vmUuid} back`;
    const vm: VmInput | undefined = await translated(what, hypervisor.observe(vmUuid, wait));
    if (vm === undefined || isOff(vm)) return;
    try {
      await hypervisor.withCopy(
        vmUuid,
        async (copy) => {
          if ((await copy.downtimeMaxMs(wait)) === intent.previousDowntimeMs) return;
          await copy.setDowntimeMax(intent.previousDowntimeMs, wait);
        },
        new AbortController().signal,
      );
    } catch (error) {
      if (error instanceof LibvirtConnectionError) throw translateLibvirt(what, error);
      logger.warn({ err: error, vmId: vmUuid }, "could not set the guest's downtime limit back");
    }
  }
}

/** For commands of others: the migration whose intent is open here. */
export async function refuseDuringMigration(intents: Intents, verb: string, vmUuid: string): Promise<void> {
  const record = await intents.of(vmUuid);
  if (record?.intent === undefined) return;
  throw new EvenkeelError(
    'FAILED_PRECONDITION',
    `${verb} VM ${vmUuid}: migration ${record.migrationId} of it is not over on this host; wait for the scheduler to end it ("evenkeel migrations"), or abort it`,
  );
}
