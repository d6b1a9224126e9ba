// Serves the migration commands other than the copy: guards the target, observes the VM, settles one side, ends it.
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
import { hasJob, isOff, isRunning } from '../hypervisor/vm-state.ts';
import { Watchdog, type WatchContext } from './watchdog.ts';

// Completing must not delay the end of a migration for longer than this.
const COMPLETE_TIMEOUT_MS = 2 * SECOND_MS;

export class MigrationGuard {
  readonly #context: WatchContext;
  /** One act at a time on a VM: nothing changes it between the look and the act. */
  readonly #acts = new SerialByKey();
  readonly #watchdog: Watchdog;

  constructor(context: WatchContext) {
    this.#context = context;
    this.#watchdog = new Watchdog(context, this.#acts);
  }

  /** Watches over paused copies until the signal aborts, including those guarded before a restart. */
  watch(signal: AbortSignal): Promise<void> {
    return this.#watchdog.run(signal);
  }

  /** Idempotent: a repeated call gets the first answer. */
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
        autostart: request.autostart,
        definedBefore: before !== undefined,
        isSettled: false,
      });
      const isNew = ruled.answer.kind === 'guarded' && record?.intent !== ruled.record?.intent;
      if (isNew && before !== undefined && !isOff(before))
        throw new EvenkeelError(
          'FAILED_PRECONDITION',
          `${what}: a VM with this UUID is active here; find out which of the two is the right one`,
        );
      return ruled;
    });
    this.#watchdog.hear(vmUuid);
    switch (answer.kind) {
      case 'fenced':
        throw new EvenkeelError('FAILED_PRECONDITION', `${what}: ${fencedText(key, answer.seen)}`);
      case 'ended':
        throw new EvenkeelError('FAILED_PRECONDITION', `${what}: it has ended; start a new migration`);
      case 'guarded':
        logger.info(
          { ...key, vmId: vmUuid, commitMode: request.commitMode, sourceHost: request.sourceHostId },
          'guarding an incoming migration',
        );
        return { definedBefore: answer.definedBefore };
    }
  }

  /** Waits for any act under way on the VM, so that we are not about to change what it shows. */
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

  /** Does one act if the VM still is as the caller saw it. Once begun, it is completed even if the caller goes away. */
  async settle(request: SettleVmRequest, signal: AbortSignal): Promise<SettleVmResponseInput> {
    const { key, vmUuid } = checkKey(request, this.#context.clock.nowMs());
    const act = checkAct(request.act);
    const what = `${act} VM ${vmUuid}`;
    await this.#touchOpen(what, vmUuid, key);
    return this.#acts.run(vmUuid, async () => {
      signal.throwIfAborted();
      // A later scheduler may have sent a command while this one waited for its turn.
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

  /** Completes on this host what libvirt's migration leaves undone; then the VM takes other commands again. */
  async end(request: EndMigrationRequest): Promise<void> {
    const { key, vmUuid } = checkKey(request, this.#context.clock.nowMs());
    const { intents, logger } = this.#context;
    const record = await intents.of(vmUuid);
    // The intent may be of an earlier migration, of whose end this host was never told.
    if (record !== undefined && key.epoch >= record.epoch) await this.#complete(vmUuid, record.intent);
    const answer = await intents.rule(vmUuid, (before) => ruleEnd(before, key));
    if (answer.kind === 'fenced')
      // ABORTED: this host knows of a later migration. FAILED_PRECONDITION also means that the disk cannot be written.
      throw new EvenkeelError('ABORTED', `end migration ${key.migrationId}: ${fencedText(key, answer.seen)}`);
    this.#watchdog.forget(vmUuid);
    if (answer.intent !== undefined)
      logger.info({ ...key, vmId: vmUuid, role: answer.intent.role }, 'migration ended on this host');
  }

  async #perform(act: Act, vmUuid: string): Promise<void> {
    const { hypervisor, callTimeoutMs } = this.#context;
    const wait = { timeoutMs: callTimeoutMs };
    switch (act) {
      case 'resume':
        await hypervisor.resume(vmUuid, wait);
        return this.#watchdog.settled(vmUuid);
      case 'suspend':
        // Recorded first: this host must never resume by itself what a scheduler has suspended.
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
        `${what}: migration ${key.migrationId} has ended here; start a new one, or use virsh`,
      );
  }

  async #touch(what: string, vmUuid: string, key: MigrationKey): Promise<'allowed' | 'ended'> {
    const answer = await this.#context.intents.rule(vmUuid, (record) => ruleTouch(record, key));
    if (answer.kind === 'fenced')
      throw new EvenkeelError('FAILED_PRECONDITION', `${what}: ${fencedText(key, answer.seen)}`);
    this.#watchdog.hear(vmUuid);
    return answer.kind;
  }

  /** Does nothing for a VM that is not here, or not as its migration should have left it. */
  async #complete(vmUuid: string, intent: Intent | undefined): Promise<void> {
    if (intent?.role === 'source' && intent.previousDowntimeMs > 0)
      await this.#restoreLimit(vmUuid, intent.previousDowntimeMs);
    if (intent?.role === 'target' && intent.autostart) await this.#giveAutostart(vmUuid);
  }

  /** A copy that arrived and runs: the source has released it. The definition of any other one may be a leftover. */
  async #giveAutostart(vmUuid: string): Promise<void> {
    const { hypervisor, logger } = this.#context;
    const wait = { timeoutMs: COMPLETE_TIMEOUT_MS };
    const what = `have VM ${vmUuid} start with this host`;
    const vm = await translated(what, hypervisor.observe(vmUuid, wait));
    if (vm === undefined || !isRunning(vm) || hasJob(vm) || vm.persistent !== true) return;
    try {
      await hypervisor.setAutostart(vmUuid, wait);
    } catch (error) {
      if (error instanceof LibvirtConnectionError) throw translateLibvirt(what, error);
      logger.warn(
        { err: error, vmId: vmUuid },
        'could not have a VM start with this host as it did with its source',
      );
    }
  }

  async #restoreLimit(vmUuid: string, previousDowntimeMs: number): Promise<void> {
    const { hypervisor, logger } = this.#context;
    const wait = { timeoutMs: COMPLETE_TIMEOUT_MS };
    // While libvirt is away this throws and the migration stays open here; the scheduler sends the end again.
    const what = `restore the downtime limit of VM ${vmUuid}`;
    const vm: VmInput | undefined = await translated(what, hypervisor.observe(vmUuid, wait));
    if (vm === undefined || isOff(vm)) return;
    try {
      await hypervisor.withCopy(
        vmUuid,
        async (copy) => {
          if ((await copy.downtimeMaxMs(wait)) === previousDowntimeMs) return;
          await copy.setDowntimeMax(previousDowntimeMs, wait);
        },
        new AbortController().signal,
      );
    } catch (error) {
      if (error instanceof LibvirtConnectionError) throw translateLibvirt(what, error);
      logger.warn({ err: error, vmId: vmUuid }, "could not restore the guest's downtime limit");
    }
  }
}

/** Refuses other commands for a VM while a migration of it is open on this host. */
export async function refuseDuringMigration(intents: Intents, verb: string, vmUuid: string): Promise<void> {
  const record = await intents.of(vmUuid);
  if (record?.intent === undefined) return;
  throw new EvenkeelError(
    'FAILED_PRECONDITION',
    `${verb} VM ${vmUuid}: its migration ${record.migrationId} has not ended on this host; wait for the scheduler to end it ("evenkeel migrations"), or abort it`,
  );
}
