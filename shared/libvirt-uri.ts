// Validates the addresses under which hosts dial each other's libvirt and QEMU, and refuses all else that libvirt accepts.
// libvirt accepts far more in a URI: `qemu+ext://h/system?command=PROGRAM` runs a program as root, and queries can set
// keys and sockets and turn checks off (https://libvirt.org/uri.html). So a grammar is matched on the text itself: a
// parser that normalises, like URL, would check a different text from the one that libvirt gets.

/** The address of a host's libvirt: `qemu+tls://HOST[:PORT]/system`, or `qemu+tcp`. */
export interface LibvirtAddress {
  readonly transport: 'tls' | 'tcp';
  /** A name, an IPv4 address, or an IPv6 address in brackets. */
  readonly host: string;
  /** Undefined for libvirt's default port. */
  readonly port: number | undefined;
}

const HOST_AND_PORT = String.raw`(\[[0-9A-Fa-f:]+\]|[0-9A-Za-z._-]+)(?::([1-9][0-9]{0,4}))?`;
const LIBVIRT_URI = new RegExp(String.raw`^qemu\+(tls|tcp)://${HOST_AND_PORT}/system$`);
const MIGRATE_URI = new RegExp(`^tcp://${HOST_AND_PORT}$`);
const PORT_MAX = 65_535;
// RFC 1035: a name has at most 253 characters, each part at most 63.
const NAME_MAX = 253;
// Underscores are not allowed in host names, but some machines have them and libvirt dials them.
const NAME_PART = /^[0-9A-Za-z_](?:[0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?$/;
// Limit for foreign text repeated in a log line or an answer.
const QUOTED_MAX = 120;

/** Parses a libvirt address; undefined when the text is not exactly one. */
export function parseLibvirtUri(text: string): LibvirtAddress | undefined {
  const [, transport, host = '', port] = LIBVIRT_URI.exec(text) ?? [];
  if (transport === undefined || !isHost(host) || !isPort(port)) return undefined;
  return {
    transport: transport === 'tls' ? 'tls' : 'tcp',
    host,
    port: port === undefined ? undefined : Number(port),
  };
}

/** The reason why no VM may be sent to this libvirt; undefined when one may. */
export function refuseLibvirtUri(text: string, isTcpAllowed: boolean): string | undefined {
  const address = parseLibvirtUri(text);
  if (address === undefined)
    return `${quoted(text)} is not "qemu+tls://HOST[:PORT]/system" with the name or address of another host, for example "qemu+tls://10.0.0.12/system"`;
  if (address.transport === 'tcp' && !isTcpAllowed)
    return `${quoted(text)} is plain TCP, which anyone on the network can read and change; let that host advertise "qemu+tls://HOST/system", or set migration.allowTcp on this one`;
  return undefined;
}

/** The reason why QEMU may not send memory there; undefined when it may. An empty text leaves the choice to libvirt. */
export function refuseMigrateUri(text: string): string | undefined {
  if (text === '') return undefined;
  const [, host = '', port] = MIGRATE_URI.exec(text) ?? [];
  if (isHost(host) && isPort(port)) return undefined;
  return `${quoted(text)} is not "tcp://HOST[:PORT]" with the name or address of another host, for example "tcp://10.0.0.12"`;
}

function isPort(port: string | undefined): boolean {
  return port === undefined || Number(port) <= PORT_MAX;
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) return isIpv6(host.slice(1, -1));
  if (host.length > NAME_MAX) return false;
  const parts = host.split('.');
  // The resolver reads "127.1", "0x7f000001" and "0177.0.0.1" as addresses: a name that ends in a number must be an IPv4 address.
  if (/^(?:[0-9]+|0[Xx][0-9A-Fa-f]*)$/.test(parts.at(-1) ?? '')) return isIpv4(parts);
  // libvirt itself refuses to migrate to "localhost…" (virDomainMigrateCheckNotLocal).
  return parts.every((part) => NAME_PART.test(part)) && !host.toLowerCase().startsWith('localhost');
}

function isIpv4(parts: readonly string[]): boolean {
  return (
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
  );
}

/** RFC 4291, without a zone and without an IPv4 address at its end. */
function isIpv6(text: string): boolean {
  const [head = '', tail, ...more] = text.split('::');
  const groups = [head, tail ?? ''].flatMap((half) => (half === '' ? [] : half.split(':')));
  if (more.length > 0 || !groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  return tail === undefined ? groups.length === 8 : groups.length <= 7;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text);
}
