// libvirt's connection URIs, as operators write them in settings.
import type { LibvirtTarget } from './transport.ts';

/** Where a libvirt URI leads, and what the daemon there is to open. */
export interface LibvirtAddress {
  readonly target: LibvirtTarget;
  readonly uri: string;
}

/** Served by libvirtd, or by virtproxyd where the daemon is split. */
const SYSTEM_SOCKET = '/run/libvirt/libvirt-sock';
const TCP_PORT = 16_509;
const TLS_PORT = 16_514;
/** Where libvirt looks for the credentials of a client. */
const SYSTEM_PKI = {
  caFile: '/etc/pki/CA/cacert.pem',
  certFile: '/etc/pki/libvirt/clientcert.pem',
  keyFile: '/etc/pki/libvirt/private/clientkey.pem',
};

/**
 * Reads `qemu:///system`, `qemu+unix:///system?socket=/path`, `qemu+tcp://host[:port]/system` and
 * `qemu+tls://host[:port]/system[?pkipath=/dir]`, as libvirt's own client does. RangeError if it is none of them.
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
      return refuse(text, `transport ${transport} is not spoken, only unix, tcp and tls are`);
  }
}

function socketPath(url: URL, text: string): string {
  const path = url.searchParams.get('socket');
  if (path === null && url.pathname === '/session') {
    return refuse(text, 'the socket of a session daemon is not known, add ?socket=/path');
  }
  return path ?? SYSTEM_SOCKET;
}

function hostAndPort(url: URL, port: number, text: string): { host: string; port: number } {
  if (url.hostname === '') {
    return refuse(text, 'names no host');
  }
  // IPv6 addresses stand in brackets in a URI only.
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
