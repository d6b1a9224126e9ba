// Makes the files a host needs to migrate over TLS: for libvirt's connections and QEMU's streams, with the lab's certificates.
import type { Certificate } from '../services/certificates.ts';
import type { HostFile } from './host-files.ts';
import type { LabHost } from '../topology.ts';

/** libvirt's own port for TLS. */
const libvirtTlsPort = 16514;

export function tlsLibvirtUri({ name }: LabHost): string {
  return `qemu+tls://${name}/system`;
}

export function tlsFiles(host: LabHost, { ca, cert, key }: Certificate): HostFile[] {
  const units = '/etc/systemd/system';
  const pki = '/etc/pki';
  const file = (path: string, content: string): HostFile => ({ kind: 'file', path, content });
  return [
    {
      kind: 'link',
      path: `${units}/sockets.target.wants/libvirtd-tls.socket`,
      target: '/usr/lib/systemd/system/libvirtd-tls.socket',
    },
    // FreeBind: the socket may open before networkd has set the bridge's address.
    file(
      `${units}/libvirtd-tls.socket.d/lab.conf`,
      `[Socket]\nListenStream=\nListenStream=${host.address}:${libvirtTlsPort}\nFreeBind=yes\n`,
    ),
    // libvirtd's default paths, as a server and, for outgoing migrations, as a client
    // (libvirt.org/kbase/tlscerts.html).
    file(`${pki}/CA/cacert.pem`, ca),
    ...['server', 'client'].flatMap((role) => [
      file(`${pki}/libvirt/${role}cert.pem`, cert),
      file(`${pki}/libvirt/private/${role}key.pem`, key),
      // QEMU's default for migrations if the folder exists (qemu.conf, migrate_tls_x509_cert_dir).
      file(`${pki}/libvirt-migrate/${role}-cert.pem`, cert),
      file(`${pki}/libvirt-migrate/${role}-key.pem`, key),
    ]),
    file(`${pki}/libvirt-migrate/ca-cert.pem`, ca),
  ];
}
