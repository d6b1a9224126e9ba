// Runs the lab's certificate authority: a certificate for each host, for the control plane and for the operator.
import { mkdtemp, mkdir, copyFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { fileExists } from '../files.ts';
import { runFolder, tlsFolder } from '../paths.ts';
import { bridge, hosts } from '../topology.ts';

interface Subject {
  readonly name: string;
  /** subjectAltName entries of openssl. */
  readonly altNames: readonly string[];
}

const loopback = ['DNS:localhost', 'IP:127.0.0.1'];

export const subjects: readonly Subject[] = [
  ...hosts.map(({ name, address }) => ({ name, altNames: [`DNS:${name}`, `IP:${address}`, ...loopback] })),
  { name: 'control', altNames: ['DNS:control', `IP:${bridge.address}`, ...loopback] },
  { name: 'operator', altNames: ['DNS:operator'] },
];

/** Longer than any lab stays up; certificates are not renewed. */
const validDays = '365';
const timeoutMs = 30_000;
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes the authority and all certificates at once, unless they exist. */
export async function ensureCertificates(): Promise<void> {
  if (await fileExists(tlsFolder)) return;
  await mkdir(runFolder, { recursive: true });
  const work = await mkdtemp(join(runFolder, 'tls-'));
  try {
    const files = ['-keyout', join(work, 'ca.key'), '-out', join(work, 'ca.pem')];
    await openssl('req', '-x509', ...newKey, '-days', validDays, '-subj', '/CN=evenkeel lab', ...files);
    for (const subject of subjects) await issue(work, subject);
    // In one step, so that an incomplete set is never taken for a complete one.
    await rename(work, tlsFolder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The folder with the ca.pem, cert.pem and key.pem of `name`. */
export function certificateFolder(name: string): string {
  return join(tlsFolder, name);
}

/** PEM texts. */
export interface Certificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export async function readCertificate(name: string): Promise<Certificate> {
  const read = (file: string): Promise<string> => readFile(join(certificateFolder(name), file), 'utf8');
  return { ca: await read('ca.pem'), cert: await read('cert.pem'), key: await read('key.pem') };
}

async function issue(work: string, { name, altNames }: Subject): Promise<void> {
  const folder = join(work, name);
  await mkdir(folder);
  const [request, extensions] = [join(folder, 'request.pem'), join(folder, 'extensions')];
  // For both server and client: a scheduler serves operators and dials agents with the same certificate.
  await writeFile(
    extensions,
    `subjectAltName=${altNames.join(',')}\nextendedKeyUsage=serverAuth,clientAuth\n`,
  );
  await openssl(
    'req',
    ...newKey,
    '-subj',
    `/CN=${name}`,
    '-keyout',
    join(folder, 'key.pem'),
    '-out',
    request,
  );
  await openssl(
    ...['x509', '-req', '-in', request, '-CA', join(work, 'ca.pem'), '-CAkey', join(work, 'ca.key')],
    ...['-CAcreateserial', '-days', validDays, '-extfile', extensions, '-out', join(folder, 'cert.pem')],
  );
  await copyFile(join(work, 'ca.pem'), join(folder, 'ca.pem'));
  await Promise.all([rm(request), rm(extensions)]);
}

async function openssl(...argv: readonly string[]): Promise<void> {
  await runCommand(['openssl', ...argv], { timeoutMs });
}
