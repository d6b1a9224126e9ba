// Makes a certificate authority and certificates under it with openssl, for tests that speak real TLS.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsSettings } from '../shared/settings.ts';

export interface Authority {
  readonly caFile: string;
  /** A certificate for `name` that is valid for 127.0.0.1 and localhost, as tls settings. */
  issue(name: string): TlsSettings;
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 20_000 });
}

/** A new authority in a temporary folder. */
export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-tls-'));
  const path = (name: string): string => join(folder, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    ['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=test authority'].concat([
      '-keyout',
      path('ca.key'),
      '-out',
      path('ca.pem'),
    ]),
  );
  return {
    caFile: path('ca.pem'),
    issue: (name) => {
      const [key, request, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map((end) =>
        path(`${name}.${end}`),
      );
      if (key === undefined || request === undefined || cert === undefined || extensions === undefined)
        throw new Error('unreachable');
      writeFileSync(
        extensions,
        'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n',
      );
      openssl(['req', ...newKey, '-subj', `/CN=${name}`, '-keyout', key, '-out', request]);
      const signing = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial', '-days', '2'];
      openssl(['x509', '-req', '-in', request, ...signing, '-extfile', extensions, '-out', cert]);
      return { mode: 'mutual', caFile: path('ca.pem'), certFile: cert, keyFile: key };
    },
  };
}
