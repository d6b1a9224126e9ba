// I11: a guest that stayed on its source has its own downtime limit again.
import { DOWNTIME_DEFAULT_MS } from '../../host/kvm.ts';
import { newestOf, type Invariant } from '../scene.ts';

export const limitsRestored: Invariant = {
  id: 'I11',
  claim: 'a guest that stayed has its own limits back',
  end: (scene) => {
    const { kvm } = scene;
    for (const { uuid } of kvm.vms.values()) {
      const newest = newestOf(scene, uuid);
      if (newest?.state !== 'MIGRATION_STATE_FAILED' && newest?.state !== 'MIGRATION_STATE_ABORTED') continue;
      const copy = kvm.copy(newest.sourceHostId, uuid);
      if (copy !== undefined && copy.downtimeMaxMs !== DOWNTIME_DEFAULT_MS)
        return `VM ${uuid} stayed after ${newest.migrationId} with a downtime limit of ${copy.downtimeMaxMs} ms`;
    }
    return undefined;
  },
};
