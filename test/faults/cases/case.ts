// What a case of the fault suite is: when it strikes, what it does, and how the migration must end.
import type { Profile } from '../../../lab/hosts/profile.ts';
import type { CaseMode } from './mode.ts';
import type { Stage } from '../stage.ts';

/** When the fault strikes. */
export type Moment =
  /** Before the migration is ordered. */
  | 'before'
  /** At once after the order. */
  | 'ordered'
  /** While memory is copied; the copy is slowed down so that it lasts. */
  | 'copying'
  /** The source is paused, and the target's libvirtd, which is stopped, has been told to finish. */
  | 'finish'
  /** After the migration has succeeded. */
  | 'done';

export type End = 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'CRASHED' | 'UNKNOWN' | 'SPLIT';

export interface FaultCase {
  /** As the list of faults numbers it; variants of one fault share the number. */
  readonly id: string;
  readonly variant?: string;
  readonly title: string;
  readonly modes: readonly CaseMode[];
  readonly at: Moment;
  /** Strikes, waits as long as the fault lasts, and mends what it broke. */
  readonly strike: (stage: Stage) => Promise<void>;
  /** How the migration may end. Empty: it is refused, and there is none. */
  readonly ends: readonly End[];
  /** Allowed cause codes when it does not succeed; absent: any that is not empty. */
  readonly causes?: readonly string[];
  /** Where the guest must be in the end. "told": where the outcome says. "gone": nowhere, the fault killed it.
   * "alive or gone": on the target if it succeeded, else gone. "at most one": anywhere or nowhere, but not twice. */
  readonly home: 'source' | 'target' | 'told' | 'gone' | 'alive or gone' | 'at most one';
  /** How many migrations the case itself orders; 1 when absent. */
  readonly orders?: number;
  /** Longest silence of the guest that is allowed, in milliseconds; absent where the fault itself makes it silent. */
  readonly silenceMaxMs?: number;
  /** The guest was started again by the fault, so its counters began anew. */
  readonly restartsGuest?: boolean;
  /** How this differs from the fault that is meant, where the lab cannot do just that. */
  readonly means?: string;
  /** Runs in the lab's TLS profile alone, or in the plain one alone. */
  readonly profile?: Profile;
  /** The migration ends this long after the fault was mended, at the latest; 90 s when absent. */
  readonly endsWithinMs?: number;
}

/** A fault of the list that does not run here, and why. */
export interface NotRun {
  readonly id: string;
  readonly title: string;
  readonly reason: string;
}

export function caseName({ id, variant }: FaultCase, mode: CaseMode): string {
  return `${id}${variant === undefined ? '' : ` ${variant}`} (${mode})`;
}
