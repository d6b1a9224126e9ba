// Reads what only a VM's definition holds: evenkeel's metadata, the NIC behind each tap, huge pages. Pure.
import type { VmMetadata } from '../../shared/gen/telemetry.ts';
import { findMetadata, readMetadata } from '../vm/metadata.ts';
import { readRules } from '../vm/rules-metadata.ts';
import { attribute, find, findAll, parseXml, type XmlElement } from '../vm/xml-text.ts';
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
  const addressByTap = new Map<string, string>();
  for (const nic of findAll(find(domain, 'devices'), 'interface')) {
    const tap = attribute(find(nic, 'target'), 'dev');
    const mac = attribute(find(nic, 'mac'), 'address');
    if (tap === undefined || mac === undefined) continue;
    macByTap.set(tap, mac.toLowerCase());
    const address = guestAddress(find(nic, 'address'));
    if (address !== undefined) addressByTap.set(tap, address);
  }
  return {
    metadata: metadata === undefined ? NO_METADATA : readMetadata(metadata),
    macByTap,
    addressByTap,
    vcpuQuotaCores: quotaOf(domain, 'quota', 'period'),
    quotaCores: quotaOf(domain, 'global_quota', 'global_period'),
    usesHugePages: find(domain, 'memoryBacking', 'hugepages') !== undefined,
  };
}

// libvirt's own, when the definition names no period (https://libvirt.org/formatdomain.html#cpu-tuning).
const PERIOD_DEFAULT_US = 100_000;

/** Undefined when there is none: a quota below 0 means no limit. */
function quotaOf(domain: XmlElement, quotaName: string, periodName: string): number | undefined {
  const tune = find(domain, 'cputune');
  const quotaUs = Number(find(tune, quotaName)?.text ?? 0);
  const periodUs = Number(find(tune, periodName)?.text ?? PERIOD_DEFAULT_US);
  return quotaUs > 0 && periodUs > 0 ? quotaUs / periodUs : undefined;
}

/**
 * Where the guest sees a device (https://libvirt.org/formatdomain.html#device-addresses): a PCI address as lspci prints it,
 * any other in libvirt's order, "fe.0.0001" for a CCW device.
 */
function guestAddress(address: XmlElement | undefined): string | undefined {
  if (address === undefined) return undefined;
  const digits = (name: string): string => attribute(address, name)?.replace('0x', '') ?? '0';
  if (attribute(address, 'type') === 'pci')
    return `${digits('domain')}:${digits('bus')}:${digits('slot')}.${digits('function')}`;
  const names = [...address.attributes.keys()].filter((name) => name !== 'type');
  return names.length === 0 ? undefined : names.map(digits).join('.');
}
