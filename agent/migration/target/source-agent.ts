// Asks the source's agent for the target's over gRPC: who it is, by its certificate and its host id, then what it shows.
import { EvenkeelError } from '../../../shared/errors.ts';
import type { Vm } from '../../../shared/gen/agent.ts';
import type { WaitOptions } from '../../../shared/clock.ts';
import { connectAgent } from '../../../shared/grpc/agent-channel.ts';
import type { ServiceCalls } from '../../../shared/grpc/service-calls.ts';
import { agentService } from '../../../shared/proto/load.ts';
import type { TlsSettings } from '../../../shared/settings.ts';
import type { AskSource } from './watchdog.ts';

export function createAskSource(tls: TlsSettings): AskSource {
  return async ({ sourceHostId, sourceAgentAddress, sourceCertificateSha256 }, vmUuid, wait) => {
    const what = `ask the source's agent at ${sourceAgentAddress} about VM ${vmUuid}`;
    if (sourceAgentAddress === '')
      throw new EvenkeelError('UNAVAILABLE', `${what}: the migration was ordered without its address`);
    const calls = connectAgent(tls, {
      address: sourceAgentAddress,
      certificateSha256: sourceCertificateSha256,
      hostName: 'evenkeel-agent',
    });
    try {
      const host = await calls.unary(agentService.GetHost, what, {}, wait);
      if (host.hostId !== sourceHostId)
        throw new EvenkeelError('UNAVAILABLE', `${what}: it is that of host ${host.hostId} now`);
      return await askVm(calls, what, vmUuid, wait);
    } finally {
      calls.close();
    }
  };
}

/** The VM as that agent's libvirt shows it; undefined when libvirt itself says that there is none. */
export async function askVm(
  calls: ServiceCalls,
  what: string,
  vmUuid: string,
  wait: WaitOptions,
): Promise<Vm | undefined> {
  try {
    const { vm } = await calls.unary(agentService.GetVm, what, { vm: { uuid: vmUuid } }, wait);
    if (vm === null) throw new EvenkeelError('INTERNAL', `${what}: the answer lacks the VM`);
    return vm;
  } catch (error) {
    // Only libvirt's own word, passed on as NOT_FOUND, means absent.
    if (error instanceof EvenkeelError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
