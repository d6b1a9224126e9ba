// Tests when two VMs would harm each other's storage: the same file or device, on one host or on two.
import t from 'tap';
import { bearsDirect, excludes, isLocal, type StorageInUse } from '../../../agent/vm/same-storage.ts';
import type { StorageUse } from '../../../shared/gen/agent.ts';

const use: StorageUse = {
  pool: 'shared',
  volume: 'data1',
  path: '/srv/data1',
  key: '/srv/data1',
  identity: 'file 6969 0 7',
  writes: true,
  shareable: false,
  local: false,
  field: 'disks[0].existing',
};
const other: StorageInUse = {
  path: '/srv/data1',
  pool: '',
  volume: '',
  identity: 'file 6969 0 7',
  writes: true,
  shareable: false,
};
const NFS = 'file 6969 0 7';
const LVM = 'device LVM-abc';

type Case = readonly [
  claim: string,
  mine: Partial<StorageUse>,
  theirs: Partial<StorageInUse>,
  expected: boolean,
];

const HERE: readonly Case[] = [
  ['one file', {}, {}, true],
  ['a link to it', {}, { path: '/srv/link' }, true],
  ['another file', {}, { path: '/srv/data2', identity: 'file 6969 0 8' }, false],
  [
    'by pool and volume, not found',
    {},
    { path: '', pool: 'shared', volume: 'data1', identity: undefined },
    true,
  ],
  ['a volume of another pool', {}, { path: '', pool: 'slow', volume: 'data1', identity: undefined }, false],
  ['read by both', { writes: false }, { writes: false }, false],
  ['a backing file of the other', {}, { writes: false }, true],
  ['a backing file that the other writes', { writes: false }, {}, true],
  ['both shareable', { shareable: true }, { shareable: true }, false],
  ['only one shareable', { shareable: true }, {}, true],
  [
    'one device by two names',
    { path: '/dev/vg/a', identity: LVM },
    { path: '/dev/dm-1', identity: LVM },
    true,
  ],
  [
    'an image of a Ceph pool',
    { path: 'rbd:vms/a', identity: '' },
    { path: 'rbd:vms/a', identity: undefined },
    true,
  ],
];

const ELSEWHERE: readonly Case[] = [
  ['one file of a network file system', {}, {}, true],
  ['mounted at another folder', {}, { path: '/mnt/data1' }, true],
  ['the same number on another server', {}, { path: '/mnt/else' }, false],
  [
    'local file systems of the same path',
    { identity: 'file ef53 a 7' },
    { identity: 'file ef53 b 7' },
    false,
  ],
  ['exported by the host of the new VM', { identity: 'file ef53 a 7', local: true }, { identity: NFS }, true],
  [
    'a link on a file system with an id',
    { identity: 'file 9123683e a 7' },
    { path: '/srv/link', identity: 'file 9123683e a 7' },
    true,
  ],
  [
    'XFS on equal devices',
    { identity: 'file 58465342 fe01 7' },
    { path: '/srv/web1', identity: 'file 58465342 fe01 7' },
    false,
  ],
  ['not seen there', {}, { identity: undefined }, true],
  ['not seen there, and local here', { local: true }, { identity: undefined }, false],
  [
    'nothing identifies the device',
    { path: '/dev/sdb', identity: '' },
    { path: '/dev/sdb', identity: undefined },
    true,
  ],
  [
    'a shared device',
    { identity: LVM, path: '/dev/vg/a' },
    { identity: LVM, path: '/dev/mapper/vg-a' },
    true,
  ],
  ['another device of the same path', { identity: LVM }, { identity: 'device LVM-def' }, false],
];

void t.test('storage is compared by what it is, and in doubt it is the same', (t) => {
  for (const [claim, mine, theirs, expected] of HERE)
    t.equal(excludes({ ...use, ...mine }, { ...other, ...theirs }, true), expected, `here: ${claim}`);
  for (const [claim, mine, theirs, expected] of ELSEWHERE)
    t.equal(excludes({ ...use, ...mine }, { ...other, ...theirs }, false), expected, `elsewhere: ${claim}`);
  t.end();
});

void t.test(
  'the file system tells whether other hosts may have it, and whether it can go past the cache',
  (t) => {
    for (const type of ['ef53', '58465342', '1021994']) t.equal(isLocal(`file ${type} a 7`), true, type);
    for (const identity of [NFS, 'file 1021997 a 7', 'file 65735546 0 7', LVM, undefined])
      t.equal(isLocal(identity), false, String(identity));
    t.equal(bearsDirect('file 1021994 a 7'), false, 'tmpfs');
    for (const identity of ['file ef53 a 7', NFS, LVM, undefined])
      t.equal(bearsDirect(identity), true, String(identity));
    t.end();
  },
);
