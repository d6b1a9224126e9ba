// Turns a volume of a storage pool into the source of a disk, for every type of pool. Pure.
//
// A disk of type "volume" would leave this to libvirt, but libvirt refuses it for rbd, gluster and mpath
// (virDomainDiskTranslateSourcePool in domain_conf.c).
import { attribute, find, findAll, parseXml, type XmlElement, type XmlTree } from './xml-text.ts';

export type DiskSource =
  { readonly kind: 'file' | 'block'; readonly path: string } | ({ readonly kind: 'network' } & NetworkSource);

export interface NetworkSource {
  readonly protocol: 'rbd' | 'gluster' | 'iscsi';
  /** As the protocol names it: "pool/image", "volume/folder/file", "IQN/LUN". */
  readonly name: string;
  readonly hosts: readonly { readonly name: string; readonly port: string | undefined }[];
  readonly auth: DiskAuth | undefined;
  /** The name under which the host logs in to an iSCSI target. */
  readonly initiator: string | undefined;
}

export interface DiskAuth {
  readonly username: string;
  readonly secretType: 'ceph' | 'iscsi';
  readonly secretUuid: string | undefined;
  readonly secretUsage: string | undefined;
}

/** A pool as its XML describes it (https://libvirt.org/storage.html). */
export interface PoolDefinition {
  /** dir, fs, netfs, logical, rbd… */
  readonly type: string;
  /** Folder where its volumes appear; empty if they have no paths. */
  readonly targetPath: string;
  readonly source: XmlElement | undefined;
}

export function readPool(xml: string): PoolDefinition {
  const root = parseXml(xml);
  return {
    type: attribute(root, 'type') ?? '',
    targetPath: find(root, 'target', 'path')?.text.replace(/\/+$/, '') ?? '',
    source: find(root, 'source'),
  };
}

interface PoolType {
  readonly volumes: 'files' | 'devices' | 'network';
  /** libvirt can make a volume of a name and size that we choose, and as a copy of another one. */
  readonly makes: boolean;
  readonly clones: boolean;
}

// By the backends of libvirt's storage driver (storage_backend_*.c: createVol, buildVolFrom). A pool of type disk makes
// partitions, which it names itself.
const POOL_TYPES: Readonly<Record<string, PoolType>> = {
  dir: { volumes: 'files', makes: true, clones: true },
  fs: { volumes: 'files', makes: true, clones: true },
  netfs: { volumes: 'files', makes: true, clones: true },
  vstorage: { volumes: 'files', makes: true, clones: true },
  logical: { volumes: 'devices', makes: true, clones: true },
  zfs: { volumes: 'devices', makes: true, clones: false },
  disk: { volumes: 'devices', makes: false, clones: false },
  iscsi: { volumes: 'devices', makes: false, clones: false },
  scsi: { volumes: 'devices', makes: false, clones: false },
  mpath: { volumes: 'devices', makes: false, clones: false },
  rbd: { volumes: 'network', makes: true, clones: true },
  gluster: { volumes: 'network', makes: false, clones: false },
  'iscsi-direct': { volumes: 'network', makes: false, clones: false },
};

/** Why a pool of this type cannot give such a disk; undefined when it can. */
export function whyPoolCannot(type: string, want: 'new' | 'clone' | 'existing'): string | undefined {
  const known = POOL_TYPES[type];
  if (known === undefined) return `is of type ${type}, from which evenkeel makes no disks; use another pool`;
  if (want === 'new' && !known.makes)
    return `is of type ${type}, in which libvirt makes no volume of a given name; name an existing volume of it, or another pool`;
  if (want === 'clone' && !known.clones)
    return `is of type ${type}, in which libvirt makes no copies; copy the image yourself and name that volume, or use another pool`;
  return undefined;
}

/** qcow2, which is thin and grows, where volumes are files. Elsewhere a volume has only one format. */
export function formatOfNew(type: string): 'qcow2' | undefined {
  return POOL_TYPES[type]?.volumes === 'files' ? 'qcow2' : undefined;
}

export function isNetworkPool(type: string): boolean {
  return POOL_TYPES[type]?.volumes === 'network';
}

/** The volume of a pool whose volumes are reached over the network; undefined when the pool's XML lacks what it takes. */
export function networkSource(
  { type, source }: PoolDefinition,
  volume: { readonly name: string; readonly path: string },
): NetworkSource | undefined {
  const name = find(source, 'name')?.text ?? '';
  const common = {
    hosts: findAll(source, 'host').map((host) => ({
      name: attribute(host, 'name') ?? '',
      port: attribute(host, 'port'),
    })),
    auth: readAuth(find(source, 'auth')),
    initiator: attribute(find(source, 'initiator', 'iqn'), 'name'),
  };
  switch (type) {
    case 'rbd':
      return name === '' ? undefined : { ...common, protocol: 'rbd', name: `${name}/${volume.name}` };
    case 'gluster': {
      const folder = (attribute(find(source, 'dir'), 'path') ?? '').replace(/^\/+|\/+$/g, '');
      const parts = [name, folder, volume.name].filter((part) => part !== '');
      return name === '' ? undefined : { ...common, protocol: 'gluster', name: parts.join('/') };
    }
    case 'iscsi-direct': {
      const target = attribute(find(source, 'device'), 'path') ?? '';
      // "ip-10.0.0.1:3260-iscsi-iqn.2020-01.org.example:disks-lun-1" (storage_backend_iscsi_direct.c).
      const lun = /-lun-(\d+)$/.exec(volume.path)?.[1];
      if (target === '' || lun === undefined) return undefined;
      return { ...common, protocol: 'iscsi', name: `${target}/${lun}` };
    }
    default:
      return undefined;
  }
}

function readAuth(auth: XmlElement | undefined): DiskAuth | undefined {
  if (auth === undefined) return undefined;
  const secret = find(auth, 'secret');
  return {
    username: attribute(auth, 'username') ?? '',
    secretType: attribute(auth, 'type') === 'ceph' ? 'ceph' : 'iscsi',
    secretUuid: attribute(secret, 'uuid'),
    secretUsage: attribute(secret, 'usage'),
  };
}

/** The element "source" of a disk. */
export function sourceTree(source: DiskSource): XmlTree {
  if (source.kind !== 'network')
    return source.kind === 'file' ? { '@file': source.path } : { '@dev': source.path };
  const { protocol, name, hosts, auth, initiator } = source;
  return {
    '@protocol': protocol,
    '@name': name,
    host: hosts.map((host) => ({ '@name': host.name, '@port': host.port })),
    initiator: initiator === undefined ? undefined : { iqn: { '@name': initiator } },
    auth:
      auth === undefined
        ? undefined
        : {
            '@username': auth.username,
            secret: { '@type': auth.secretType, '@uuid': auth.secretUuid, '@usage': auth.secretUsage },
          },
  };
}

/** Names the source in comparisons between VMs: its path, or "rbd:pool/image". */
export function sourceName(source: DiskSource): string {
  return source.kind === 'network' ? `${source.protocol}:${source.name}` : source.path;
}
