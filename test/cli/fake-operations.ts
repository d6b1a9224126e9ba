// The operator's side of the scheduler that speaks real gRPC: modes, rules, proposals, maintenance.
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { EvenkeelError } from '../../shared/errors.ts';
import type {
  AddRuleRequest,
  EnterMaintenanceRequest,
  MaintenanceInput,
  ModeOverrideInput,
  ProposalInput,
  RuleInput,
  SetModeRequest,
} from '../../shared/gen/scheduler.ts';
import type { Mode } from '../../shared/gen/telemetry.ts';
import { unaryHandler } from '../../shared/grpc/server.ts';
import type { Logger } from '../../shared/log.ts';
import * as cluster from './cluster.ts';

export function modes(logger: Logger): UntypedServiceImplementation {
  let mode: Mode = 'MODE_RECOMMEND';
  let overrides: ModeOverrideInput[] = [];
  return {
    getMode: unaryHandler(logger, () => Promise.resolve({ mode, overrides })),
    setMode: unaryHandler(logger, (request: SetModeRequest) => {
      if (request.host === '' && request.vm === '') mode = request.mode;
      else
        overrides =
          request.mode === 'MODE_UNSPECIFIED'
            ? []
            : [
                {
                  mode: request.mode,
                  ...(request.vm === ''
                    ? { hostId: 'h', hostName: request.host }
                    : { vmUuid: 'v', vmName: request.vm }),
                },
              ];
      return Promise.resolve({ mode, overrides });
    }),
  };
}

export function rules(logger: Logger): UntypedServiceImplementation {
  const kept = new Map<string, RuleInput>();
  return {
    listRules: unaryHandler(logger, () =>
      Promise.resolve({
        rules: [cluster.rule, ...kept.values()],
        conflicts: kept.size > 0 ? [cluster.conflict] : [],
      }),
    ),
    addRule: unaryHandler(logger, async ({ rule }: AddRuleRequest) => {
      if (rule?.vms.includes('is-taken') === true)
        throw new EvenkeelError('FAILED_PRECONDITION', `${cluster.conflict.reason} (remove one of them)`);
      const ruleId = rule?.ruleId === '' ? 'rule-1' : (rule?.ruleId ?? '');
      const added: RuleInput = { ...rule, ruleId };
      kept.set(ruleId, added);
      return Promise.resolve({ rule: added });
    }),
    removeRule: unaryHandler(logger, async ({ ruleId }: { ruleId: string }) => {
      const rule = kept.get(ruleId);
      if (rule === undefined) throw new EvenkeelError('NOT_FOUND', `no rule "${ruleId}"`);
      kept.delete(ruleId);
      return Promise.resolve({ rule });
    }),
  };
}

export function proposals(logger: Logger): UntypedServiceImplementation {
  const all = cluster.proposals.map((each) => ({ ...each }));
  const answer = (proposalId: string, state: ProposalInput['state']): { proposal: ProposalInput } => {
    const proposal = all.find((each) => each.proposalId === proposalId);
    if (proposal === undefined) throw new EvenkeelError('NOT_FOUND', `no proposal "${proposalId}"`);
    if (proposal.proposalId === 'p-2')
      throw new EvenkeelError('FAILED_PRECONDITION', 'checked again and withdrawn: kvm1 has cooled');
    Object.assign(proposal, { state });
    return { proposal };
  };
  return {
    listProposals: unaryHandler(logger, ({ waitingOnly }: { waitingOnly: boolean }) =>
      Promise.resolve({
        proposals: all.filter(({ state }) => !waitingOnly || state === 'PROPOSAL_STATE_WAITING'),
      }),
    ),
    approveProposal: unaryHandler(logger, async ({ proposalId }: { proposalId: string }) =>
      Promise.resolve(answer(proposalId, 'PROPOSAL_STATE_APPROVED')),
    ),
    rejectProposal: unaryHandler(logger, async ({ proposalId }: { proposalId: string }) =>
      Promise.resolve(answer(proposalId, 'PROPOSAL_STATE_REJECTED')),
    ),
  };
}

/** kvm1 has one VM that can leave, and is empty the next time but one that somebody looks; of kvm2 one cannot leave. */
export function maintenance(logger: Logger): UntypedServiceImplementation {
  let entered: MaintenanceInput | undefined;
  let looks = 0;
  return {
    enterMaintenance: unaryHandler(logger, async (request: EnterMaintenanceRequest) => {
      const expected = request.host === 'kvm2' ? cluster.stuckMaintenance : cluster.maintenance;
      if (!request.checkOnly) entered = expected;
      return Promise.resolve({ maintenance: expected });
    }),
    exitMaintenance: unaryHandler(logger, async () => {
      if (entered === undefined) throw new EvenkeelError('FAILED_PRECONDITION', 'not in maintenance');
      const maintenance = entered;
      entered = undefined;
      return Promise.resolve({ maintenance });
    }),
    listMaintenance: unaryHandler(logger, () => {
      if (entered === undefined) return Promise.resolve({ maintenance: [] });
      looks += 1;
      const isOver = looks > 1 && entered.hostName === 'kvm1';
      return Promise.resolve({
        maintenance: [isOver ? { ...entered, vmsLeft: 0, vmsMoving: 0, moves: [], remainingMs: 0 } : entered],
      });
    }),
  };
}
