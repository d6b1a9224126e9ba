// Drives the state machine of a migration on its source without a hypervisor, and keeps the calls not yet answered.
import { ErrorCode } from '../../../../agent/libvirt/constants.ts';
import { LibvirtConnectionError, LibvirtError } from '../../../../agent/libvirt/errors.ts';
import type { SourceIntent } from '../../../../agent/migration/promises/claims.ts';
import { begin, next } from '../../../../agent/migration/source/machine.ts';
import type { Act, Call, CopyState, Seen } from '../../../../agent/migration/source/states.ts';
import { causeWord } from '../../../../shared/cause-word.ts';
import { EvenkeelError } from '../../../../shared/errors.ts';
import type { MigrateRequest, VmInput } from '../../../../shared/gen/agent.ts';
import { MIB } from '../../../../shared/units.ts';
import { order, vm } from '../fake-host.ts';

export const OWN_DOWNTIME_MS = 300;
export const running: VmInput = {
  uuid: vm,
  libvirtId: 1,
  state: 'VM_STATE_RUNNING',
  memoryMaxBytes: 32 * MIB,
};
export const outgoing: VmInput = { ...running, migrationRole: 'VM_MIGRATION_ROLE_OUTGOING' };
export const paused: VmInput = { ...running, state: 'VM_STATE_PAUSED', stateReason: 'VM_STATE_REASON_USER' };

const libvirt = (code: number, message: string): LibvirtError => new LibvirtError(code, 10, 2, message);
export const broken = libvirt(ErrorCode.operationFailed, 'Unable to write to socket');
export const noJob = libvirt(ErrorCode.operationInvalid, 'no job is active on the domain');
export const noPostCopy = libvirt(ErrorCode.internal, 'Postcopy is not supported');
export const lost = new LibvirtConnectionError('lost', { sent: true });

/** A machine, and the calls that nobody has answered yet. */
export class Life {
  nowMs = 0;
  state: CopyState;
  readonly acts: Act[] = [];
  readonly #waiting: Call[] = [];
  readonly #request: MigrateRequest;

  constructor(change: Partial<MigrateRequest> = {}) {
    this.#request = order(change);
    this.state = begin(this.#request, 0);
  }

  /** The calls made by what was seen. */
  see(seen: Seen): string[] {
    const { state, acts } = next(this.state, seen, this.nowMs);
    this.state = state;
    this.acts.push(...acts);
    const calls = acts.flatMap((act) => (act.kind === 'call' ? [act.call] : []));
    this.#waiting.push(...calls);
    return calls.map(textOf);
  }

  /** This call, or the oldest one of this kind, comes back with `seen`, or fails with the error. */
  answer(which: Call | Call['kind'], seen: Seen | Error, isStopping = false): string[] {
    const call = this.#take(which);
    return this.see(seen instanceof Error ? { kind: 'failed', call, error: seen, isStopping } : seen);
  }

  #take(which: Call | Call['kind']): Call {
    const at = this.#waiting.findIndex((call) => call === which || call.kind === which);
    const [call] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (call === undefined)
      throw new Error(`no ${typeof which === 'string' ? which : which.kind} is under way`);
    return call;
  }

  get waiting(): readonly Call[] {
    return this.#waiting;
  }

  /** Up to the call to migrate. */
  copying(): this {
    this.claimed('new');
    this.answer('set_first_downtime', { kind: 'first_downtime_set' });
    return this;
  }

  attached(): this {
    return this.claimed('known');
  }

  claimed(kind: 'new' | 'known'): this {
    const { migrationId, epoch } = this.#request;
    const before = kind === 'new' ? undefined : intent;
    const record = before && { migrationId, epoch, intent: before, hasEnded: false };
    this.see({ kind: 'connected' });
    this.answer('look', { kind: 'looked', vm: before === undefined ? running : outgoing, record });
    if (kind === 'new') this.answer('ask_limit', { kind: 'limit_told', downtimeMs: OWN_DOWNTIME_MS });
    this.answer('listen', { kind: 'listening' });
    this.answer('claim', { kind: 'claimed', answer: { kind }, before });
    return this;
  }

  get result(): string {
    if (this.state.kind !== 'ended') return this.state.kind;
    const { outcome, isLost } = this.state;
    if (outcome instanceof EvenkeelError) return outcome.code;
    const word = outcome.ok === true ? 'ok' : causeWord(outcome.causeCode ?? 'MIGRATION_CAUSE_UNSPECIFIED');
    return isLost ? `${word}, lost` : word;
  }
}

export const intent: SourceIntent = { role: 'source', order: order(), previousDowntimeMs: OWN_DOWNTIME_MS };

export function textOf(call: Call): string {
  if ('downtimeMs' in call) return `${call.kind} ${call.downtimeMs}`;
  return call.kind === 'start' && call.postCopy ? 'start post-copy' : call.kind;
}

export const event = (kind: 'suspended' | 'resumed' | 'stopped', detail: string): Seen => ({
  kind: 'event',
  event: { kind, detail },
});
