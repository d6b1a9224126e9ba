// Defines the TLS cases: what is encrypted, and migrations with invalid certificates.
import type { Profile } from '../../../lab/hosts/profile.ts';
import type { FaultCase } from './case.ts';
import type { Stage } from '../stage.ts';

const ordinarySilenceMs = 2_500;
const certificate = '/etc/pki/libvirt-migrate/server-cert.pem';

const encryption = (['plain', 'tls'] as const).map((profile): FaultCase => ({
  id: 'F40',
  variant: `memory in the ${profile} profile`,
  title: `while memory is copied, QEMU is asked whether it encrypts; ${profile === 'tls' ? 'it does' : 'it does not'}`,
  modes: ['lock', 'paused'],
  profile,
  at: 'copying',
  strike: (stage) => checkEncryption(stage, profile),
  ends: ['SUCCEEDED'],
  home: 'target',
  silenceMaxMs: ordinarySilenceMs,
}));

async function checkEncryption(stage: Stage, profile: Profile): Promise<void> {
  // Only on the source: libvirt allows no queries of a QEMU that receives a migration.
  const command = '{"execute":"query-migrate-parameters"}';
  const answer = await stage.virsh('source', 'qemu-monitor-command', stage.guest.name, command);
  const credentials = /"tls-creds":\s*"([^"]*)"/.exec(answer)?.[1] ?? '';
  stage.say(`tls-creds "${credentials}"`);
  if ((credentials !== '') !== (profile === 'tls'))
    throw new Error(`QEMU has tls-creds "${credentials}" in the ${profile} profile`);
}

/** Makes a certificate of an unknown issuer, or an expired one, with the target's own key. */
function withCertificate(options: string): FaultCase['strike'] {
  return async (stage) => {
    const key = certificate.replace('-cert', '-key');
    await stage.runOn(
      'target',
      `cp ${certificate} ${certificate}.good; openssl req -x509 -key ${key} -subj /CN=wrong -addext basicConstraints=critical,CA:FALSE ${options} -out ${certificate} 2>&1`,
    );
    try {
      await stage.orderToEnd();
    } finally {
      await stage.runOn('target', `mv ${certificate}.good ${certificate}`);
    }
  };
}

const badCertificates: readonly FaultCase[] = [
  {
    id: 'F40',
    variant: 'unknown issuer',
    title: 'the target’s certificate for memory is from an issuer that the source does not know',
    modes: ['lock'],
    profile: 'tls',
    at: 'before',
    strike: withCertificate('-days 30'),
    ends: ['FAILED'],
    causes: ['tls'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
];

export const tlsCases: readonly FaultCase[] = [...encryption, ...badCertificates];
