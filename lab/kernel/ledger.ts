// Records what the lab makes in the kernel before it is made, so that after any crash the next command can undo it.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Described } from '../../shared/outside-data.ts';
import { writeFileAtomically } from '../files.ts';
import { stateFolder } from '../paths.ts';

/** A part of the lab that is built and removed separately, e.g. "network", "nats", "kvm1". */
export type Owner = string;

const ledgerEntry = v.object({
  owner: v.string(),
  kind: v.picklist(['group', 'mount', 'link']),
  name: v.string(),
});

/**
 * Processes are not listed: each is started inside its owner's control group, so that the kernel's own list of members
 * is the record, and a killed lab cannot lose one between start and record.
 */
export type LedgerEntry = Described<typeof ledgerEntry>;

const ledgerSchema = v.object({
  /** A reboot removes all of this from the kernel; entries of another boot are void. */
  bootId: v.string(),
  entries: v.array(ledgerEntry),
});

export type Ledger = Described<typeof ledgerSchema>;

export type Undo =
  | { readonly kind: 'end'; readonly group: string }
  | { readonly kind: 'unmount'; readonly path: string }
  | { readonly kind: 'removeGroup'; readonly group: string }
  | { readonly kind: 'removeLink'; readonly name: string };

/**
 * The steps that remove what `owners` made (all owners if left out), in a working order: processes first, since they
 * keep mounts busy; mounts in reverse; then the empty groups; links last, since containers are attached to the bridge.
 * `mounts` are the mount points of the machine: a recorded place may have several, or none.
 */
export function undoSteps(ledger: Ledger, mounts: readonly string[], owners?: readonly Owner[]): Undo[] {
  const entries = ledger.entries.filter((entry) => owners?.includes(entry.owner) ?? true).toReversed();
  const ofKind = (kind: LedgerEntry['kind']): string[] =>
    entries.filter((entry) => entry.kind === kind).map((entry) => entry.name);
  const below = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);
  const recorded = ofKind('mount');
  return [
    ...ofKind('group').map((group) => ({ kind: 'end', group }) as const),
    ...mounts
      .filter((path) => recorded.some((place) => below(path, place)))
      .toReversed()
      .map((path) => ({ kind: 'unmount', path }) as const),
    ...ofKind('group').map((group) => ({ kind: 'removeGroup', group }) as const),
    ...ofKind('link').map((name) => ({ kind: 'removeLink', name }) as const),
  ];
}

/** The ledger with `entry` appended; unchanged if it is already there. */
export function withEntry(ledger: Ledger, entry: LedgerEntry): Ledger {
  return has(ledger, entry) ? ledger : { ...ledger, entries: [...ledger.entries, entry] };
}

export function has(ledger: Ledger, entry: LedgerEntry): boolean {
  return ledger.entries.some(
    ({ owner, kind, name }) => owner === entry.owner && kind === entry.kind && name === entry.name,
  );
}

export function withoutOwners(ledger: Ledger, owners: readonly Owner[]): Ledger {
  return { ...ledger, entries: ledger.entries.filter((entry) => !owners.includes(entry.owner)) };
}

/** Reads a stored ledger; one from an earlier boot counts as empty. Throws on anything else. */
export function parseLedger(text: string | undefined, bootId: string): Ledger {
  const empty: Ledger = { bootId, entries: [] };
  if (text === undefined) return empty;
  const stored: unknown = JSON.parse(text);
  if (!v.is(ledgerSchema, stored))
    throw new Error(`${ledgerFile}: not a ledger of the lab; move it away and try again`);
  return stored.bootId === bootId ? stored : empty;
}

const ledgerFile = join(stateFolder, 'ledger.json');

export async function readLedger(): Promise<Ledger> {
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return parseLedger(await readFile(ledgerFile, 'utf8').catch(() => undefined), bootId);
}

export async function saveLedger(ledger: Ledger): Promise<void> {
  await mkdir(stateFolder, { recursive: true });
  await writeFileAtomically(ledgerFile, `${JSON.stringify(ledger, undefined, 2)}\n`);
}
