// Shows and sets the modes of the cluster, of hosts and of VMs.
import { invalidField } from '../../shared/errors.ts';
import type {
  GetModeResponseInput,
  SetModeRequest,
  SetModeResponseInput,
} from '../../shared/gen/scheduler.ts';
import type { ModeScope } from '../people/modes.ts';
import type { Core } from '../core.ts';
import { locateVm } from './locate.ts';
import { findActiveVm, findHost } from './names.ts';

export function getMode({ mode }: Core): GetModeResponseInput {
  return { mode: mode.current(), overrides: mode.overrides() };
}

export async function setMode(
  core: Core,
  request: SetModeRequest,
  signal: AbortSignal,
): Promise<SetModeResponseInput> {
  const scope = await scopeOf(core, request, signal);
  const isUnset = request.mode === 'MODE_UNSPECIFIED';
  if (isUnset && scope.kind === 'cluster') throw invalidField('mode', 'must be observe, recommend or auto');
  await core.mode.set(scope, isUnset ? undefined : request.mode);
  return getMode(core);
}

/** Looks among the set modes first: the mode of a host or VM that is gone must still be removable. */
async function scopeOf(
  core: Core,
  { mode: wanted, host, vm }: SetModeRequest,
  signal: AbortSignal,
): Promise<ModeScope> {
  const { view, mode } = core;
  if (host !== '' && vm !== '')
    throw invalidField('vm', 'must be empty when a host is named; set one at a time');
  const known =
    wanted === 'MODE_UNSPECIFIED'
      ? mode
          .overrides()
          .find((each) =>
            host === ''
              ? [each.vmUuid, each.vmName].includes(vm)
              : [each.hostId, each.hostName].includes(host),
          )
      : undefined;
  if (host !== '') {
    const { hostId, hostName } = known ?? findHost(view, 'host', host);
    return { kind: 'host', hostId, hostName };
  }
  if (vm === '') return { kind: 'cluster' };
  if (known !== undefined) return { kind: 'vm', vmUuid: known.vmUuid, vmName: known.vmName };
  const found = findActiveVm(view, 'vm', vm);
  if (found !== undefined) return { kind: 'vm', vmUuid: found.uuid, vmName: found.sample.name };
  // One that is off may have a mode for its next start.
  const off = (await locateVm(core, vm, signal)).vm;
  return { kind: 'vm', vmUuid: off.uuid, vmName: off.name };
}
