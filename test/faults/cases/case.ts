// Defines a case of the fault suite: when it strikes, what it does, and how the migration must end.
import type { Profile } from '../../../lab/hosts/profile.ts';
import type { CaseMode } from './mode.ts';
import type { Stage } from '../stage.ts';

/** When the fault strikes. */
export type Moment =
  /** Before the order. */
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
  /** Strikes, waits as long as the fault lasts, and repairs what it broke. */
  readonly strike: (stage: Stage) => Promise<void>;
  /** Allowed ends of the migration. Empty: it is refused, and there is none. */
  readonly ends: readonly End[];
  /** Allowed cause codes when it does not succeed; absent: any that is not empty. */
  readonly causes?: readonly string[];
  /** Where the guest must be in the end. "told": where the outcome says. "gone": nowhere, since the fault killed it.
   * "alive or gone": on the target if it succeeded, else gone. "at most one": anywhere or nowhere, but not twice. */
  readonly home: 'source' | 'target' | 'told' | 'gone' | 'alive or gone' | 'at most one';
  /** Number of migrations that the case itself orders; 1 when absent. */
  readonly orders?: number;
  /** Longest silence of the guest that is allowed, in milliseconds; absent where the fault itself makes it silent. */
  readonly silenceMaxMs?: number;
  /** The fault restarted the guest, so its counters started again from 0. */
  readonly restartsGuest?: boolean;
  /** How this differs from the intended fault, where the lab cannot reproduce it exactly. */
  readonly means?: string;
  /** Runs only in this profile of the lab. */
  readonly profile?: Profile;
  /** The migration ends this long after the end of the fault, at the latest; 90 s when absent. */
  readonly endsWithinMs?: number;
}

/** A fault of the list that does not run here, with the reason. */
export interface NotRun {
  readonly id: string;
  readonly title: string;
  readonly reason: string;
}

export function caseName({ id, variant }: FaultCase, mode: CaseMode): string {
  return `${id}${variant === undefined ? '' : ` ${variant}`} (${mode})`;
}
