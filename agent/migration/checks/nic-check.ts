// Checks on the target what each NIC of a VM would be plugged into here.
import type { WaitOptions } from '../../../shared/clock.ts';
import type { CheckRefusal } from '../../../shared/gen/agent.ts';
import type { MigrationCause } from '../../../shared/gen/telemetry.ts';
import type { Connection } from '../../libvirt/connection.ts';
import type { NicDefinition, VmDefinition } from '../../vm/definition.ts';
import type { LookAtLink } from '../../vm/host-links.ts';
import { bridgeMisfit, macvtapMisfit, type Misfit } from '../../vm/network-fit.ts';
import { findNetworkMisfit, vlanMisfit } from '../../vm/network-look.ts';

export async function checkNics(
  connection: Connection,
  { nics }: Pick<VmDefinition, 'nics'>,
  look: LookAtLink,
  wait: WaitOptions,
): Promise<CheckRefusal[]> {
  const refusals = await Promise.all(
    nics.filter(({ isUnplugged }) => !isUnplugged).map((nic) => checkNic(connection, nic, look, wait)),
  );
  return refusals.filter((refusal) => refusal !== undefined);
}

async function checkNic(
  connection: Connection,
  nic: NicDefinition,
  look: LookAtLink,
  wait: WaitOptions,
): Promise<CheckRefusal | undefined> {
  // The live definition also shows what its network gave it, as a bridge or macvtap; the target's network gives its own.
  if (nic.network !== '')
    return refusal('MIGRATION_CAUSE_NETWORK_MISSING', await findNetworkMisfit(connection, nic, look, wait));
  if (nic.kind === 'bridge')
    return refusal(
      'MIGRATION_CAUSE_BRIDGE_MISSING',
      bridgeMisfit(nic.bridge, nic, look) ??
        (nic.virtualPort === '' ? await vlanMisfit(connection, nic.vlans, wait) : undefined),
    );
  return nic.kind === 'direct'
    ? refusal('MIGRATION_CAUSE_NETWORK_MISSING', macvtapMisfit(nic.device, look))
    : undefined;
}

function refusal(causeCode: MigrationCause, misfit: Misfit | undefined): CheckRefusal | undefined {
  return misfit === undefined ? undefined : { causeCode, ...misfit };
}
