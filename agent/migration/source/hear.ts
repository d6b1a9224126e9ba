// Folds libvirt's events and job figures into the facts of the migration. Pure.
import type { VmEvent } from '../hypervisor/hypervisor.ts';
import { progressOf, type JobFigures } from './progress.ts';
import { withFacts, withSighting, type CopyState } from './states.ts';

export function heard<State extends CopyState>(state: State, event: VmEvent): State {
  switch (event.kind) {
    case 'iteration':
      return counted(state, { memoryIteration: event.iteration });
    case 'completed':
      return withFacts(counted(state, event.figures), { isFinal: true });
    case 'suspended':
      return suspended(state, event.detail);
    case 'resumed':
      return withSighting(state, { isSwitching: state.facts.isPostCopy });
    case 'stopped':
      return stopped(state, event.detail);
    case 'other':
      return state;
  }
}

export function counted<State extends CopyState>(state: State, figures: JobFigures): State {
  const { progress, sighting } = state.facts;
  const isCopying = sighting.isCopying || (figures.memoryProcessedBytes ?? 0) > 0;
  return withFacts(state, {
    progress: { ...progress, ...progressOf(figures) },
    sighting: { ...sighting, isCopying },
  });
}

function suspended<State extends CopyState>(state: State, detail: string): State {
  const { sighting, ...facts } = state.facts;
  const isPostCopy = facts.isPostCopy || detail === 'postCopy' || detail === 'postCopyFailed';
  const isSwitching = sighting.isSwitching || isPostCopy || detail === 'migrated';
  const guest = detail === 'ioError' ? 'io_error' : sighting.guest;
  return withFacts(state, { isPostCopy, sighting: { ...sighting, isSwitching, guest } });
}

function stopped<State extends CopyState>(state: State, detail: string): State {
  if (detail === 'crashed') return withSighting(state, { guest: 'crashed' });
  const isShutDown = detail === 'shutdown' || detail === 'destroyed';
  return isShutDown ? withSighting(state, { guest: 'shutdown' }) : state;
}
