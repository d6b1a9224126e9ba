// The source's agent, asked by the target's over gRPC: who it is, by its certificate and its host id, then what it shows.
import { EvenkeelError } from '../../../shared/errors.ts';
import type { GetHostResponse, GetVmResponse } from '../../../shared/gen/agent.ts';
import { agentChannel } from '../../../shared/grpc/agent-channel.ts';
import { unary } from '../../../shared/grpc/client.ts';
import { AgentServiceClient } from '../../../shared/proto/load.ts';
import type { TlsSettings } from '../../../shared/settings.ts';
import type { AskSource } from './watchdog.ts';

export function createAskSource(tls: TlsSettings): AskSource {
  return async ({ sourceHostId, sourceAgentAddress, sourceCertificateSha256 }, vmUuid, wait) => {
    const what = `ask the source's agent at ${sourceAgentAddress} about VM ${vmUuid}`;
    if (sourceAgentAddress === '')
      throw new EvenkeelError('UNAVAILABLE', `${what}: the migration was ordered without its address`);
    const { credentials, options } = agentChannel(
      tls,
      sourceAgentAddress,
      sourceCertificateSha256,
      'evenkeel-agent',
    );
    const client = new AgentServiceClient(sourceAgentAddress, credentials, options);
    try {
      const host: GetHostResponse = await unary(what, client.getHost.bind(client), {}, wait);
      if (host.hostId !== sourceHostId)
        throw new EvenkeelError('UNAVAILABLE', `${what}: it is that of host ${host.hostId} now`);
      const request = { vm: { uuid: vmUuid } };
      const answer: GetVmResponse = await unary(what, client.getVm.bind(client), request, wait);
      if (answer.vm === null) throw new EvenkeelError('INTERNAL', `${what}: the answer lacks the VM`);
      return answer.vm;
    } catch (error) {
      // Only libvirt's own word, passed on as NOT_FOUND, means absent.
      if (error instanceof EvenkeelError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    } finally {
      client.close();
    }
  };
}
