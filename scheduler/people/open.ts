// Opens all that people tell the scheduler at run time: modes, rules, maintenance, answers to proposals, VMs they wait for.
import type { Rule } from '../../shared/gen/scheduler.ts';
import type { Logger } from '../../shared/log.ts';
import { CONTROL_BUCKET } from '../../shared/nats.ts';
import {
  maintenanceCodec,
  modeCodec,
  proposalCodec,
  ruleCodec,
  waitingVmCodec,
} from '../../shared/proto/load.ts';
import { openStore, type KvParts } from '../store/kv.ts';
import type { PlanMode } from '../planner/contract/snapshot.ts';
import { Shelf } from '../store/shelf.ts';
import { MaintenanceBook } from './maintenance.ts';
import { ModeControl } from './modes.ts';
import { PENDING_MAX, PendingVms } from './pending.ts';
import { ProposalBook, PROPOSALS_MAX, type ProposalTimes } from './proposals.ts';
import { RuleBook, RULES_MAX } from './rule-book.ts';

export interface Control {
  readonly mode: ModeControl;
  readonly rules: RuleBook;
  readonly maintenance: MaintenanceBook;
  readonly proposals: ProposalBook;
  readonly pending: PendingVms;
}

export interface ControlSettings {
  /** The mode until an operator sets another one. */
  readonly mode: PlanMode;
  readonly rules: readonly Rule[];
  readonly proposalTimes: ProposalTimes;
  readonly newId: () => string;
  /** Called after each change, whoever made it. */
  readonly onTold: () => void;
  readonly logger: Logger;
}

// Modes of single hosts and VMs are exceptions, and few hosts are in maintenance: more is a script's mistake.
const MODES_MAX = 10_000;
const MAINTENANCE_MAX = 1_000;

export async function openControl(
  kv: KvParts,
  { mode, rules, proposalTimes, newId, onTold, logger }: ControlSettings,
  signal: AbortSignal,
): Promise<Control> {
  const shelf = { store: await openStore(kv, CONTROL_BUCKET, undefined) };
  const modes = await Shelf.open(
    { ...shelf, prefix: 'mode', what: 'mode', codec: modeCodec, entriesMax: MODES_MAX },
    signal,
  );
  const written = await Shelf.open(
    { ...shelf, prefix: 'rule', what: 'rule', codec: ruleCodec, entriesMax: RULES_MAX },
    signal,
  );
  const hosts = await Shelf.open(
    {
      ...{ ...shelf, prefix: 'maintenance', what: 'maintenance' },
      ...{ codec: maintenanceCodec, entriesMax: MAINTENANCE_MAX },
    },
    signal,
  );
  const proposed = await Shelf.open(
    { ...shelf, prefix: 'proposal', what: 'proposal', codec: proposalCodec, entriesMax: PROPOSALS_MAX },
    signal,
  );
  const waiting = await Shelf.open(
    {
      ...{ ...shelf, prefix: 'pending', what: 'VM for which room is made' },
      ...{ codec: waitingVmCodec, entriesMax: PENDING_MAX },
    },
    signal,
  );
  return {
    mode: new ModeControl(modes, mode, logger, onTold),
    rules: new RuleBook(written, rules, onTold),
    maintenance: new MaintenanceBook(hosts, onTold),
    proposals: new ProposalBook(proposed, proposalTimes, newId, onTold),
    pending: new PendingVms(waiting, logger, onTold),
  };
}
