// The lab's operator: the scheduler asked with the operator's certificate, by program and through the CLI.
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

/** Calls the lab's scheduler; its owner closes the connection. */
export function schedulerCalls(): ServiceCalls {
  const tls = { mode: 'mutual', caFile, certFile, keyFile } as const;
  const peer = { daemon: 'evenkeel-scheduler', address: schedulerAddress } as const;
  return new Connection(peer, channelCredentials(tls, schedulerAddress));
}

/** The environment in which `evenkeel` finds the lab's scheduler and may talk to it. */
export const operatorEnvironment: Readonly<Record<string, string>> = {
  EVENKEEL_SCHEDULER: schedulerAddress,
  EVENKEEL_TLS_CA_FILE: caFile,
  EVENKEEL_TLS_CERT_FILE: certFile,
  EVENKEEL_TLS_KEY_FILE: keyFile,
};

/** The command line of the built CLI. */
export const cliCommand: readonly string[] = [process.execPath, join(repositoryRoot, 'dist/cli/main.js')];
