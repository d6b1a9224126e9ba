// The order to copy, given again without post-copy where the target has none: its QEMU says so before it takes anything in.
import type { WaitOptions } from '../../../shared/clock.ts';
import type { MigrateRequest } from '../../../shared/gen/agent.ts';
import { LibvirtError } from '../../libvirt/errors.ts';
import type { Copy } from '../hypervisor/hypervisor.ts';

/** Resolves as `copy.start` does. `goOn` hears that there is no post-copy, and says whether the copy is still wanted. */
export async function startCopy(
  copy: Copy,
  request: MigrateRequest,
  wait: WaitOptions & { readonly timeoutMs: number },
  goOn: (error: LibvirtError) => boolean,
): Promise<void> {
  const order = { ...request, arrivesPaused: request.commitMode === 'COMMIT_MODE_PAUSED' };
  try {
    await copy.start(order, wait);
  } catch (error) {
    if (!order.postCopy || !isPostCopyRefused(error) || !goOn(error)) throw error;
    await copy.start({ ...order, postCopy: false }, wait);
  }
}

/** QEMU offers post-copy only where it can be told of missing pages (userfaultfd(2); its migration/postcopy-ram.c). */
function isPostCopyRefused(error: unknown): error is LibvirtError {
  return error instanceof LibvirtError && /postcopy is not supported/i.test(error.message);
}
