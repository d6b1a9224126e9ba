// Loads the contracts of proto/ and exports typed service definitions and message codecs.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader';
import type { AgentServiceDefinition } from '../gen/agent.ts';
import type {
  Maintenance,
  MaintenanceInput,
  ModeOverride,
  ModeOverrideInput,
  Proposal,
  ProposalInput,
  Rule,
  RuleInput,
  SchedulerServiceDefinition,
  WaitingVm,
  WaitingVmInput,
} from '../gen/scheduler.ts';
import type {
  Decision,
  DecisionInput,
  Event,
  EventInput,
  HostReport,
  HostReportInput,
  Migration,
  MigrationInput,
} from '../gen/telemetry.ts';

/** The folder with evenkeel/v1/*.proto: next to the sources when run from them, next to dist/ when built. */
function protoDirectory(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'proto/evenkeel/v1'))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new Error('find proto/evenkeel/v1: not in any folder above this file; reinstall evenkeel');
    folder = parent;
  }
  return join(folder, 'proto');
}

/** The parsed contracts; gRPC reflection serves them. */
export const packageDefinition: PackageDefinition = loadSync(
  ['evenkeel/v1/agent.proto', 'evenkeel/v1/scheduler.proto'],
  // The options must match those in generate.js, which makes the types.
  { includeDirs: [protoDirectory()], longs: Number, enums: String, defaults: true, oneofs: false },
);

/** The part of the loaded package used here, in the generated types. */
interface Contracts {
  readonly AgentService: { readonly service: AgentServiceDefinition };
  readonly SchedulerService: { readonly service: SchedulerServiceDefinition };
  readonly Decision: MessageTypeDefinition<DecisionInput, Decision>;
  readonly Event: MessageTypeDefinition<EventInput, Event>;
  readonly HostReport: MessageTypeDefinition<HostReportInput, HostReport>;
  readonly Maintenance: MessageTypeDefinition<MaintenanceInput, Maintenance>;
  readonly Migration: MessageTypeDefinition<MigrationInput, Migration>;
  readonly ModeOverride: MessageTypeDefinition<ModeOverrideInput, ModeOverride>;
  readonly Proposal: MessageTypeDefinition<ProposalInput, Proposal>;
  readonly Rule: MessageTypeDefinition<RuleInput, Rule>;
  readonly WaitingVm: MessageTypeDefinition<WaitingVmInput, WaitingVm>;
}

// The generated types describe exactly what the loader returns; TypeScript cannot see that by itself.
// eslint-disable-next-line @typescript-eslint/consistent-type-assertions
const packages = loadPackageDefinition(packageDefinition) as unknown as {
  readonly evenkeel: { readonly v1: Contracts };
};

/** The methods of the agent, to serve or to call. */
export const agentService: AgentServiceDefinition = packages.evenkeel.v1.AgentService.service;
/** The methods of the scheduler, to serve or to call. */
export const schedulerService: SchedulerServiceDefinition = packages.evenkeel.v1.SchedulerService.service;

/** Encodes a message and decodes it; `decode` throws on bytes that are not such a message. */
export interface Codec<Input, Output> {
  encode(message: Input): Buffer;
  decode(bytes: Uint8Array): Output;
}

function codecOf<Input, Output>(definition: MessageTypeDefinition<Input, Output>): Codec<Input, Output> {
  return {
    encode: (message) => definition.serialize(message),
    decode: (bytes) => definition.deserialize(Buffer.from(bytes)),
  };
}

export const hostReportCodec: Codec<HostReportInput, HostReport> = codecOf(packages.evenkeel.v1.HostReport);
export const eventCodec: Codec<EventInput, Event> = codecOf(packages.evenkeel.v1.Event);
export const migrationCodec: Codec<MigrationInput, Migration> = codecOf(packages.evenkeel.v1.Migration);
export const decisionCodec: Codec<DecisionInput, Decision> = codecOf(packages.evenkeel.v1.Decision);
export const maintenanceCodec: Codec<MaintenanceInput, Maintenance> = codecOf(
  packages.evenkeel.v1.Maintenance,
);
export const modeCodec: Codec<ModeOverrideInput, ModeOverride> = codecOf(packages.evenkeel.v1.ModeOverride);
export const proposalCodec: Codec<ProposalInput, Proposal> = codecOf(packages.evenkeel.v1.Proposal);
export const ruleCodec: Codec<RuleInput, Rule> = codecOf(packages.evenkeel.v1.Rule);
export const waitingVmCodec: Codec<WaitingVmInput, WaitingVm> = codecOf(packages.evenkeel.v1.WaitingVm);
