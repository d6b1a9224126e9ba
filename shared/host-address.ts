// Compares the names and addresses of hosts as they stand in URIs and settings: IPv6 with or without brackets.

/** One text for each host name or address, however it is written: "[FD00::0:1]" and "fd00::1" are the same. */
export function hostKey(host: string): string {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (!bare.includes(':')) return bare.replace(/\.$/, '');
  const groups = ipv6Groups(bare);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!isMapped) return groups.map((group) => group.toString(16)).join(':');
  // An IPv4 address within IPv6 (RFC 4291, 2.5.5.2) leads to the same host.
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.');
}

/** Leads to the machine that dials it, whichever that is: loopback, or the address that stands for all of its own. */
export function isLoopback(host: string): boolean {
  const key = hostKey(host);
  if (isIpv4(key)) return key.startsWith('127.') || key === '0.0.0.0';
  return key.startsWith('localhost') || key === '0:0:0:0:0:0:0:1' || key === '0:0:0:0:0:0:0:0';
}

/** Valid on one link only (RFC 3927, RFC 4291), so not an address for others. */
export function isLinkLocal(host: string): boolean {
  const key = hostKey(host);
  return isIpv4(key) ? key.startsWith('169.254.') : /^fe[89ab][0-9a-f]:/.test(key);
}

/** 0 for a name. */
export function familyOf(host: string): 4 | 6 | 0 {
  const bare = host.replace(/^\[|\]$/g, '');
  if (bare.includes(':')) return 6;
  return isIpv4(bare) ? 4 : 0;
}

/** The host of a URI such as "qemu+tls://HOST:PORT/system", as written; empty when there is none. */
export function hostOfUri(uri: string): string {
  return /^[a-z+]+:\/\/(\[[^\]]*\]|[^:/]*)/.exec(uri)?.[1] ?? '';
}

function isIpv4(text: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text);
}

function ipv6Groups(text: string): number[] {
  const withoutZone = text.replace(/%.*$/, '');
  const [head = [], tail = []] = withoutZone.split('::').map(groupsOf);
  if (!withoutZone.includes('::')) return head;
  return [...head, ...Array<number>(Math.max(0, 8 - head.length - tail.length)).fill(0), ...tail];
}

function groupsOf(text: string): number[] {
  return text.split(':').flatMap((group) => {
    if (group === '') return [];
    if (!isIpv4(group)) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
