// Reads what only a VM's definition holds: evenkeel's metadata, the MAC behind each tap, huge pages. Pure.
import type { VmMetadata } from '../../shared/gen/telemetry.ts';
import { findMetadata, readMetadata } from '../vm/metadata.ts';
import { readRules } from '../vm/rules-metadata.ts';
import { attribute, find, findAll, parseXml } from '../vm/xml-text.ts';
import type { VmDescription } from './rates.ts';

const NO_METADATA: VmMetadata = {
  owner: '',
  purpose: '',
  expiresAtMs: 0,
  rules: readRules(undefined),
};

/** Reads a live definition. Throws on text that is not XML. */
export function describeVm(xml: string): VmDescription {
  const domain = parseXml(xml);
  const metadata = findMetadata(domain);
  const macByTap = new Map<string, string>();
  for (const nic of findAll(find(domain, 'devices'), 'interface')) {
    const tap = attribute(find(nic, 'target'), 'dev');
    const mac = attribute(find(nic, 'mac'), 'address');
    if (tap !== undefined && mac !== undefined) macByTap.set(tap, mac.toLowerCase());
  }
  return {
    metadata: metadata === undefined ? NO_METADATA : readMetadata(metadata),
    macByTap,
    usesHugePages: find(domain, 'memoryBacking', 'hugepages') !== undefined,
  };
}
