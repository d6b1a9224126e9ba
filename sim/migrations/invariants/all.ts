// Lists the twenty promises in order.
import type { Invariant } from '../scene.ts';
import { oneCopyRuns } from './i01-one-copy-runs.ts';
import { lastCopyStays } from './i02-last-copy-stays.ts';
import { journalFirst } from './i03-journal-first.ts';
import { oneMigrationAVm } from './i04-one-migration-a-vm.ts';
import { epochsFence } from './i05-epochs-fence.ts';
import { neverTwice } from './i06-never-twice.ts';
import { everythingEnds } from './i07-everything-ends.ts';
import { recordIsTrue } from './i08-record-is-true.ts';
import { freshBeforeHarm } from './i09-fresh-before-harm.ts';
import { oneDefinition } from './i10-one-definition.ts';
import { limitsRestored } from './i11-limits-restored.ts';
import { slotsHold } from './i12-slots-hold.ts';
import { memoryReserved } from './i13-memory-reserved.ts';
import { coolDown } from './i14-cool-down.ts';
import { neverSuspended } from './i15-never-suspended.ts';
import { guestsLiveOn } from './i16-guests-live-on.ts';
import { checkedFirst } from './i17-checked-first.ts';
import { lockOrPaused } from './i18-lock-or-paused.ts';
import { postCopyIsSacred } from './i19-post-copy-is-sacred.ts';
import { trailIsKept } from './i20-trail-is-kept.ts';

export const INVARIANTS: readonly Invariant[] = [
  ...[oneCopyRuns, lastCopyStays, journalFirst, oneMigrationAVm, epochsFence],
  ...[neverTwice, everythingEnds, recordIsTrue, freshBeforeHarm, oneDefinition],
  ...[limitsRestored, slotsHold, memoryReserved, coolDown, neverSuspended],
  ...[guestsLiveOn, checkedFirst, lockOrPaused, postCopyIsSacred, trailIsKept],
];
