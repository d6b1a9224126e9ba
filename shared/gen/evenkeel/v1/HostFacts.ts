// Original file: proto/evenkeel/v1/telemetry.proto

import type { Long } from '@grpc/proto-loader';

/**
 * What a host is. Sent with every report, so that a host joins by its first one.
 */
export interface HostFactsInput {
  /**
   * Where the agent serves gRPC, "address:port", as seen by the scheduler.
   */
  'agentAddress'?: (string);
  /**
   * SHA-256 of the agent's certificate in DER, lower-case hex; empty without TLS.
   */
  'certificateSha256'?: (string);
  'agentVersion'?: (string);
  'libvirtVersion'?: (string);
  'hypervisorVersion'?: (string);
  /**
   * libvirt's URI of this host as its peers dial it, for example "qemu+tls://10.0.0.11/system".
   */
  'libvirtUri'?: (string);
  /**
   * Where QEMU listens for an incoming migration, for example "tcp://10.0.0.11".
   */
  'migrateUri'?: (string);
  'cpuCores'?: (number | string);
  'memoryBytes'?: (number | string | Long);
  'cpuModel'?: (string);
  'architecture'?: (string);
  /**
   * Active storage pools, active virtual networks, and bridges of the host.
   */
  'pools'?: (string)[];
  'networks'?: (string)[];
  'bridges'?: (string)[];
}

/**
 * What a host is. Sent with every report, so that a host joins by its first one.
 */
export interface HostFacts {
  /**
   * Where the agent serves gRPC, "address:port", as seen by the scheduler.
   */
  'agentAddress': (string);
  /**
   * SHA-256 of the agent's certificate in DER, lower-case hex; empty without TLS.
   */
  'certificateSha256': (string);
  'agentVersion': (string);
  'libvirtVersion': (string);
  'hypervisorVersion': (string);
  /**
   * libvirt's URI of this host as its peers dial it, for example "qemu+tls://10.0.0.11/system".
   */
  'libvirtUri': (string);
  /**
   * Where QEMU listens for an incoming migration, for example "tcp://10.0.0.11".
   */
  'migrateUri': (string);
  'cpuCores': (number);
  'memoryBytes': (number);
  'cpuModel': (string);
  'architecture': (string);
  /**
   * Active storage pools, active virtual networks, and bridges of the host.
   */
  'pools': (string)[];
  'networks': (string)[];
  'bridges': (string)[];
}
