// Writes and reads evenkeel's element in a VM's libvirt metadata: owner, purpose, expiry, OS family and rules.
import type { VmMetadata } from '../../shared/gen/telemetry.ts';
import { readRules, rulesTree } from './rules-metadata.ts';
import { attribute, find, namespaceOf, type XmlElement, type XmlTree } from './xml-text.ts';

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
    rules: rulesTree(rules),
  };
}

/** Reads the element. Missing or invalid parts read as unset, since operators may edit it by hand. */
export function readMetadata(element: XmlElement): VmMetadata {
  const expiresAtMs = Date.parse(part(element, 'expiresAt')?.text.trim() ?? '');
  return {
    owner: part(element, 'owner')?.text ?? '',
    purpose: part(element, 'purpose')?.text ?? '',
    expiresAtMs: expiresAtMs > 0 ? expiresAtMs : 0,
    rules: readRules(part(element, 'rules')),
  };
}

/** The family of operating systems the VM was made for; empty when unknown. */
export function readOsFamily(element: XmlElement | undefined): string {
  return attribute(part(element, 'os'), 'family') ?? '';
}

/** The element within a domain's definition; undefined for a VM that evenkeel did not create. */
export function findMetadata(domain: XmlElement): XmlElement | undefined {
  const metadata = find(domain, 'metadata');
  return metadata?.children.find(
    (child) => localName(child) === 'vm' && namespaceOf([domain, metadata, child]) === METADATA_NAMESPACE,
  );
}

/** A child under any prefix: metadata that was set through libvirt's API comes back with the prefix on each element. */
function part(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => localName(child) === name);
}

function localName({ name }: XmlElement): string {
  return name.slice(name.indexOf(':') + 1);
}
