// Keeps the moves that wait for an operator; each ends by itself when nobody answers or its reason is gone.
import type { Proposal, ProposalState } from '../../shared/gen/scheduler.ts';
import type { Move } from '../../shared/gen/telemetry.ts';
import { modeOfMove } from '../planner/contract/modes.ts';
import type { Hold, Snapshot } from '../planner/contract/snapshot.ts';
import type { Shelf } from '../store/shelf.ts';

/** Entries of the shelf: open proposals and the latest ended ones. */
export const PROPOSALS_MAX = 500;
// More than an operator reads; further moves are proposed once some of these are answered.
const WAITING_MAX = 100;

export interface ProposalTimes {
  /** How long a proposal waits for its answer. */
  readonly expiryMs: number;
  /** How long a rejected move is not proposed again. */
  readonly rejectedMs: number;
}

export interface NewProposal {
  readonly decisionId: string;
  readonly trigger: string;
  readonly move: Move;
}

type Ended = Extract<
  ProposalState,
  'PROPOSAL_STATE_STARTED' | 'PROPOSAL_STATE_REJECTED' | 'PROPOSAL_STATE_EXPIRED' | 'PROPOSAL_STATE_WITHDRAWN'
>;

export class ProposalBook {
  readonly #shelf: Shelf<Proposal>;
  readonly #times: ProposalTimes;
  readonly #newId: () => string;

  constructor(shelf: Shelf<Proposal>, times: ProposalTimes, newId: () => string, onChange: () => void) {
    this.#shelf = shelf;
    this.#times = times;
    this.#newId = newId;
    shelf.onChange = onChange;
  }

  get(proposalId: string): Proposal | undefined {
    return this.#shelf.get(proposalId);
  }

  /** Newest first. */
  list(): Proposal[] {
    return this.#shelf
      .list()
      .sort((a, b) => b.proposedAtMs - a.proposedAtMs || (a.proposalId < b.proposalId ? -1 : 1));
  }

  /** Proposals that wait for an answer, or are approved and wait to start. */
  open(): Proposal[] {
    return this.list().filter(isOpen);
  }

  /** Proposals that wait for an answer. */
  waiting(): Proposal[] {
    return this.list().filter(({ state }) => state === 'PROPOSAL_STATE_WAITING');
  }

  /** Approved proposals that wait to start. */
  approved(): Proposal[] {
    return this.list().filter(({ state }) => state === 'PROPOSAL_STATE_APPROVED');
  }

  /** Proposes the move unless its VM has an open proposal already; undefined if it was not proposed. */
  async propose(proposed: NewProposal, nowMs: number): Promise<Proposal | undefined> {
    const open = this.open();
    if (open.length >= WAITING_MAX || open.some(({ move }) => move?.vmUuid === proposed.move.vmUuid))
      return undefined;
    const proposal: Proposal = {
      ...proposed,
      proposalId: this.#newId(),
      state: 'PROPOSAL_STATE_WAITING',
      proposedAtMs: nowMs,
      expiresAtMs: nowMs + this.#times.expiryMs,
      endedAtMs: 0,
      note: '',
      migrationId: '',
    };
    await this.#forgetOldest();
    await this.#shelf.put(proposal.proposalId, proposal);
    return proposal;
  }

  async approve(proposal: Proposal): Promise<Proposal> {
    return this.#keep({ ...proposal, state: 'PROPOSAL_STATE_APPROVED' });
  }

  async end(
    proposal: Proposal,
    state: Ended,
    note: string,
    nowMs: number,
    migrationId = '',
  ): Promise<Proposal> {
    return this.#keep({ ...proposal, state, note, endedAtMs: nowMs, migrationId });
  }

  /** Ends proposals that nobody answered in time, and those whose reason is gone from the snapshot. */
  async sweep(snapshot: Snapshot): Promise<void> {
    const { atMs } = snapshot;
    for (const proposal of this.open()) {
      const gone = whyGone(proposal, snapshot);
      if (gone !== undefined) await this.end(proposal, 'PROPOSAL_STATE_WITHDRAWN', gone, atMs);
      else if (proposal.state === 'PROPOSAL_STATE_WAITING' && atMs >= proposal.expiresAtMs)
        await this.end(proposal, 'PROPOSAL_STATE_EXPIRED', 'nobody answered in time', atMs);
    }
  }

  /** The snapshot with the approved proposals as decided moves and the rejected ones as refused targets. */
  applyTo(snapshot: Snapshot): Snapshot {
    const approved = this.approved().flatMap(({ move }) => (move === null ? [] : [move]));
    const rejected = this.list().filter(
      ({ state, endedAtMs }) =>
        state === 'PROPOSAL_STATE_REJECTED' && endedAtMs + this.#times.rejectedMs > snapshot.atMs,
    );
    return withRefused(withDecided(snapshot, approved), rejected, this.#times.rejectedMs);
  }

  async #keep(proposal: Proposal): Promise<Proposal> {
    await this.#shelf.put(proposal.proposalId, proposal);
    return proposal;
  }

  async #forgetOldest(): Promise<void> {
    const all = this.list();
    const ended = all.filter((proposal) => !isOpen(proposal));
    const tooMany = all.length - (PROPOSALS_MAX - 1);
    for (const { proposalId } of ended.slice(Math.max(0, ended.length - tooMany)))
      if (tooMany > 0) await this.#shelf.remove(proposalId);
  }
}

function isOpen({ state }: Proposal): boolean {
  return state === 'PROPOSAL_STATE_WAITING' || state === 'PROPOSAL_STATE_APPROVED';
}

/** Why the move has lost its reason, as far as can be told without planning; undefined when it has not. */
function whyGone({ move, trigger, state }: Proposal, snapshot: Snapshot): string | undefined {
  const vm = snapshot.vms.find(({ uuid }) => uuid === move?.vmUuid);
  if (move === null || vm === undefined) return 'the VM no longer runs on any host';
  if (vm.hostId !== move.sourceHostId) return `${move.vmName} is no longer on ${move.sourceHostName}`;
  const source = snapshot.hosts.find(({ hostId }) => hostId === move.sourceHostId);
  if (trigger === 'hot_host' && source?.hot?.length === 0) return `${move.sourceHostName} is no longer hot`;
  if (trigger === 'evacuate' && source?.service === 'in_service')
    return `${move.sourceHostName} is no longer being emptied`;
  const target = snapshot.hosts.find(({ hostId }) => hostId === move.targetHostId);
  const mode = modeOfMove(snapshot.mode, source?.mode, target?.mode, vm.mode);
  if (mode === 'auto' && state === 'PROPOSAL_STATE_WAITING')
    return 'the mode is auto now: evenkeel decides by itself';
  return undefined;
}

// An approved move is made next: its VM is not planned for again, and its target keeps the room.
const APPROVED: Hold = {
  code: 'approved',
  reason: 'its move is approved',
  cure: 'it starts as soon as both hosts have a free slot',
  against: 'every_move',
};

/** Treats these moves as under way, except that their targets stay open to others. */
function withDecided(snapshot: Snapshot, moves: readonly Move[]): Snapshot {
  if (moves.length === 0) return snapshot;
  const targetOf = new Map(moves.map(({ vmUuid, targetHostId }) => [vmUuid, targetHostId]));
  const deciding = snapshot.vms.filter(({ uuid, held }) => targetOf.has(uuid) && held?.code !== 'migrating');
  const bytesInto = new Map<string, number>();
  for (const { uuid, memoryMaxBytes } of deciding) {
    const target = targetOf.get(uuid) ?? '';
    bytesInto.set(target, (bytesInto.get(target) ?? 0) + memoryMaxBytes);
  }
  return {
    ...snapshot,
    vms: snapshot.vms.map((vm) => (deciding.includes(vm) ? { ...vm, held: APPROVED } : vm)),
    hosts: snapshot.hosts.map((host) => ({
      ...host,
      memoryAllocatedBytes: host.memoryAllocatedBytes + (bytesInto.get(host.hostId) ?? 0),
      migrationsOut: host.migrationsOut + deciding.filter(({ hostId }) => hostId === host.hostId).length,
    })),
    migrations: [
      ...snapshot.migrations,
      ...deciding.map(({ uuid, hostId }) => ({
        vmUuid: uuid,
        sourceHostId: hostId,
        targetHostId: targetOf.get(uuid) ?? '',
      })),
    ],
  };
}

function withRefused(snapshot: Snapshot, rejected: readonly Proposal[], rejectedMs: number): Snapshot {
  if (rejected.length === 0) return snapshot;
  const vms = snapshot.vms.map((vm) => {
    const refused = rejected.flatMap(({ move, endedAtMs }) =>
      move?.vmUuid === vm.uuid
        ? [
            {
              hostId: move.targetHostId,
              reason: 'an operator rejected this move',
              untilMs: endedAtMs + rejectedMs,
            },
          ]
        : [],
    );
    return refused.length === 0 ? vm : { ...vm, refusedTargets: [...(vm.refusedTargets ?? []), ...refused] };
  });
  return { ...snapshot, vms };
}
