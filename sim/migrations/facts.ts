// Records what happens in a simulated world, in order, for the invariants, the trace and the hash.
import { causeWord } from '../../shared/cause-word.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';

/** What changed a copy of a guest: libvirt's own protocol, an agent's call, the guest itself, or an injected fault. */
export type Cause = 'libvirt' | 'agent' | 'guest' | 'fault' | 'world';

/** State of a VM's copy on one host; "defined" has a definition but no QEMU, "absent" neither. */
export type CopyState = 'running' | 'paused' | 'defined' | 'absent';

/** A command of evenkeel that a hypervisor carried out. */
export type Act = 'resume' | 'suspend' | 'destroy' | 'undefine' | 'start' | 'abort' | 'post-copy';

export interface CopyFact {
  readonly kind: 'copy';
  readonly hostId: string;
  readonly vmUuid: string;
  readonly from: CopyState;
  readonly to: CopyState;
  /** libvirt's reason number. */
  readonly reason: number;
  readonly by: Cause;
  /** The hosts on which a copy of the VM runs afterwards. */
  readonly running: readonly string[];
  /** The other hosts that hold a whole copy in a QEMU, running or paused, at this moment. */
  readonly wholeElsewhere: readonly string[];
}

export interface ActFact {
  readonly kind: 'act';
  readonly hostId: string;
  readonly vmUuid: string;
  readonly act: Act;
  /** The copy acted on holds the whole guest. */
  readonly isWhole: boolean;
  readonly wholeElsewhere: readonly string[];
  readonly runningElsewhere: readonly string[];
  /** For a start only. */
  readonly targetHostId: string;
  readonly arrivesPaused: boolean;
}

export interface RpcFact {
  readonly kind: 'rpc';
  readonly phase: 'sent' | 'arrived' | 'done' | 'refused' | 'answered' | 'lost';
  readonly callId: number;
  readonly from: string;
  readonly to: string;
  readonly method: string;
  readonly vmUuid: string;
  readonly migrationId: string;
  readonly epoch: number;
  /** The request or answer in a word: an act, an error code. */
  readonly detail: string;
}

export interface RecordFact {
  readonly kind: 'record';
  readonly by: string;
  readonly migration: Migration;
}

export interface NoteFact {
  readonly kind: 'note';
  readonly what: 'fault' | 'heal' | 'calm' | 'crash' | 'restart' | 'order' | 'store' | 'leader' | 'say';
  readonly where: string;
  readonly detail: string;
}

export type Fact = (CopyFact | ActFact | RpcFact | RecordFact | NoteFact) & { readonly atMs: number };
type NewFact = CopyFact | ActFact | RpcFact | RecordFact | NoteFact;

export class History {
  readonly facts: Fact[] = [];
  readonly #nowMs: () => number;
  #hash = 0x811c9dc5;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(fact: NewFact): void {
    const stamped = { ...fact, atMs: this.#nowMs() };
    this.facts.push(stamped);
    this.#mix(lineOf(stamped));
  }

  note(what: NoteFact['what'], where: string, detail: string): void {
    this.add({ kind: 'note', what, where, detail });
  }

  /** The same for two runs in which the same things happened in the same order at the same times. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  // FNV-1a, 32 bits.
  #mix(text: string): void {
    let hash = this.#hash;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    this.#hash = hash;
  }
}

/** One line of the trace. */
export function lineOf(fact: Fact): string {
  const at = (fact.atMs / 1000).toFixed(3).padStart(9);
  switch (fact.kind) {
    case 'copy':
      return `${at} ${fact.by} ${fact.vmUuid.slice(-4)} on ${fact.hostId}: ${fact.from} > ${fact.to} (${fact.reason}), runs on [${fact.running.join(' ')}]`;
    case 'act':
      return `${at} agent of ${fact.hostId} ${fact.act} ${fact.vmUuid.slice(-4)} ${fact.targetHostId}${fact.arrivesPaused ? ' paused' : ''}`;
    case 'rpc':
      return `${at} ${fact.from} > ${fact.to} ${fact.method} #${fact.callId} ${fact.phase} ${fact.migrationId} e${fact.epoch} ${fact.detail}`;
    case 'record': {
      const { migrationId, epoch, state, causeCode, outcome } = fact.migration;
      return `${at} ${fact.by} records ${migrationId} e${epoch} ${state} ${causeWord(causeCode)} ${outcome}`;
    }
    case 'note':
      return `${at} ${fact.what} ${fact.where} ${fact.detail}`;
  }
}
