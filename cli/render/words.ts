// Turns the contract's enum values into words: HOST_STATE_READY is "ready" in tables and in JSON.

const PREFIX =
  /^(?:HOST_STATE|VM_STATE_REASON|VM_STATE|MIGRATION_STATE|PROPOSAL_STATE|MODE|RULE_KIND|RULE_STRENGTH|VM_MIGRATION_ROLE|MIGRATION_CAUSE|MEMORY_USED_SOURCE)_/;

/** "ready", "shutting_down"; empty for UNSPECIFIED. */
export function word(value: string): string {
  const text = value.replace(PREFIX, '').toLowerCase();
  return text === 'unspecified' ? '' : text;
}

/** As word, with spaces: "shutting down". */
export function words(value: string): string {
  return word(value).replaceAll('_', ' ');
}
