// Lets the target's agent ask the source's agent about the VM over gRPC, once its certificate and host id are verified.
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
      throw new EvenkeelError('UNAVAILABLE', `${what}: the order for the migration lacks its address`);
    const calls = connectAgent(tls, {
      address: sourceAgentAddress,
      certificateSha256: sourceCertificateSha256,
      hostName: 'evenkeel-agent',
    });
    try {
      const host = await calls.unary(agentService.GetHost, what, {}, wait);
      if (host.hostId !== sourceHostId)
        throw new EvenkeelError(
          'UNAVAILABLE',
          `${what}: host ${host.hostId} answers at this address, not ${sourceHostId}`,
        );
      return await askVm(calls, what, vmUuid, wait);
    } finally {
      calls.close();
    }
  };
}

/** The VM as that agent's libvirt shows it; undefined only when libvirt itself says that it has no such VM. */
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
    // Only libvirt's own "no domain", passed on as NOT_FOUND, means absent.
    if (error instanceof EvenkeelError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
