// Parses libvirt's connection URIs, as operators write them in settings.
import type { LibvirtTarget } from './transport.ts';

/** The daemon that a libvirt URI leads to, and the hypervisor it opens. */
export interface LibvirtAddress {
  readonly target: LibvirtTarget;
  readonly uri: string;
}

/** Served by libvirtd, or by virtproxyd where the daemon is split. */
const SYSTEM_SOCKET = '/run/libvirt/libvirt-sock';
const TCP_PORT = 16_509;
const TLS_PORT = 16_514;
/** Client credentials, at libvirt's default paths. */
const SYSTEM_PKI = {
  caFile: '/etc/pki/CA/cacert.pem',
  certFile: '/etc/pki/libvirt/clientcert.pem',
  keyFile: '/etc/pki/libvirt/private/clientkey.pem',
};

/**
 * Reads `qemu:///system`, `qemu+unix:///system?socket=/path`, `qemu+tcp://host[:port]/system` and
 * `qemu+tls://host[:port]/system[?pkipath=/dir]`, as libvirt's own client does. RangeError for any other URI.
 */
export function parseTarget(text: string): LibvirtAddress {
  if (!URL.canParse(text) || !text.includes('://')) {
    return refuse(text, 'must look like qemu:///system');
  }
  const url = new URL(text);
  const [driver = '', transport = 'unix'] = url.protocol.slice(0, -1).split('+');
  return { uri: `${driver}://${url.pathname}`, target: targetOf(url, transport, text) };
}

function targetOf(url: URL, transport: string, text: string): LibvirtTarget {
  switch (transport) {
    case 'unix':
      if (url.hostname !== '') {
        return refuse(text, 'a unix socket has no host, write qemu+tls://host/system or qemu:///system');
      }
      return { kind: 'unix', path: socketPath(url, text) };
    case 'tcp':
      return { kind: 'tcp', ...hostAndPort(url, TCP_PORT, text) };
    case 'tls':
      return { kind: 'tls', ...hostAndPort(url, TLS_PORT, text), ...credentials(url) };
    default:
      return refuse(text, `transport ${transport} is not supported, only unix, tcp and tls are`);
  }
}

function socketPath(url: URL, text: string): string {
  const path = url.searchParams.get('socket');
  if (path === null && url.pathname === '/session') {
    return refuse(text, 'a session daemon has no fixed socket, add ?socket=/path');
  }
  return path ?? SYSTEM_SOCKET;
}

function hostAndPort(url: URL, port: number, text: string): { host: string; port: number } {
  if (url.hostname === '') {
    return refuse(text, 'names no host');
  }
  // Only a URI puts IPv6 addresses in brackets.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host, port: url.port === '' ? port : Number(url.port) };
}

function credentials(url: URL): { caFile: string; certFile: string; keyFile: string } {
  const directory = url.searchParams.get('pkipath');
  return directory === null
    ? SYSTEM_PKI
    : {
        caFile: `${directory}/cacert.pem`,
        certFile: `${directory}/clientcert.pem`,
        keyFile: `${directory}/clientkey.pem`,
      };
}

function refuse(text: string, cause: string): never {
  throw new RangeError(`libvirt URI ${JSON.stringify(text)}: ${cause}`);
}
