// Calls the lab's scheduler with the operator's certificate, from code and through the CLI.
import { join } from 'node:path';
import { Connection } from '../../shared/grpc/client.ts';
import { channelCredentials } from '../../shared/grpc/credentials.ts';
import type { ServiceCalls } from '../../shared/grpc/service-calls.ts';
import { certificateFolder } from './certificates.ts';
import { repositoryRoot } from '../paths.ts';
import { schedulerAddress } from '../topology.ts';

const folder = certificateFolder('operator');
const caFile = join(folder, 'ca.pem');
const certFile = join(folder, 'cert.pem');
const keyFile = join(folder, 'key.pem');

/** Connects to the lab's scheduler; the caller closes the connection. */
export function schedulerCalls(): ServiceCalls {
  const tls = { mode: 'mutual', caFile, certFile, keyFile } as const;
  const peer = { daemon: 'evenkeel-scheduler', address: schedulerAddress } as const;
  return new Connection(peer, channelCredentials(tls, schedulerAddress));
}

/** The environment that gives `evenkeel` the lab's scheduler and the operator's certificate. */
export const operatorEnvironment: Readonly<Record<string, string>> = {
  EVENKEEL_SCHEDULER: schedulerAddress,
  EVENKEEL_TLS_CA_FILE: caFile,
  EVENKEEL_TLS_CERT_FILE: certFile,
  EVENKEEL_TLS_KEY_FILE: keyFile,
};

/** The command line of the built CLI. */
export const cliCommand: readonly string[] = [process.execPath, join(repositoryRoot, 'dist/cli/main.js')];
