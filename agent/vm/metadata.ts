// What evenkeel keeps in a VM's libvirt metadata: who it belongs to, what it is for, until when, and rules for the balancer.
import type { VmMetadata } from '../../shared/gen/evenkeel/v1/VmMetadata.ts';
import { attribute, find, type XmlElement, type XmlTree } from './xml-text.ts';

export const METADATA_NAMESPACE = 'https://evenkeel.dev/xmlns/vm/1';
const METADATA_PREFIX = 'evenkeel';
const ELEMENT = `${METADATA_PREFIX}:vm`;

/** The element as content of <metadata>, for a new domain. Empty fields are left out. */
export function metadataTree(metadata: VmMetadata, osFamily: string): XmlTree {
  return {
    [ELEMENT]: {
      [`@xmlns:${METADATA_PREFIX}`]: METADATA_NAMESPACE,
      ...fields(metadata),
      os: { '@family': osFamily },
    },
  };
}

function fields({ owner, purpose, expiresAtMs, rules }: VmMetadata): XmlTree {
  return {
    owner: owner || undefined,
    purpose: purpose || undefined,
    expiresAt: expiresAtMs > 0 ? new Date(expiresAtMs).toISOString() : undefined,
    rules:
      rules !== null && (rules.neverMove || rules.downtimeMaxMs > 0)
        ? {
            '@neverMove': rules.neverMove ? 'yes' : undefined,
            '@downtimeMaxMs': rules.downtimeMaxMs > 0 ? String(rules.downtimeMaxMs) : undefined,
          }
        : undefined,
  };
}

/** Reads the element; what is missing or makes no sense reads as unset, since people may edit it by hand. */
export function readMetadata(element: XmlElement): VmMetadata {
  const rules = find(element, 'rules');
  const expiresAtMs = Date.parse(find(element, 'expiresAt')?.text.trim() ?? '');
  const downtimeMaxMs = Number(attribute(rules, 'downtimeMaxMs') ?? 0);
  return {
    owner: find(element, 'owner')?.text ?? '',
    purpose: find(element, 'purpose')?.text ?? '',
    expiresAtMs: expiresAtMs > 0 ? expiresAtMs : 0,
    rules: {
      neverMove: attribute(rules, 'neverMove') === 'yes',
      downtimeMaxMs: Number.isInteger(downtimeMaxMs) && downtimeMaxMs > 0 ? downtimeMaxMs : 0,
    },
  };
}

/** The family of operating systems the VM was made for; empty when unknown. */
export function readOsFamily(element: XmlElement | undefined): string {
  return attribute(find(element, 'os'), 'family') ?? '';
}

/** The element within a domain's definition; undefined for a VM that evenkeel did not make. */
export function findMetadata(domain: XmlElement): XmlElement | undefined {
  return find(domain, 'metadata')?.children.find(
    ({ name, namespace }) => namespace === METADATA_NAMESPACE && /^(.*:)?vm$/.test(name),
  );
}
