// Tests what identifies storage behind a path: files by their file system, devices by a name that another host shares.
import { linkSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { identifyByStat } from '../../../../agent/migration/checks/storage-identity.ts';

const wait = { timeoutMs: 20_000 };

void t.test('a file is the same by whatever name, and none other', async (t) => {
  const folder = t.testdir({ 'a.img': 'a', 'b.img': 'a' });
  const path = (name: string): string => join(folder, name);
  linkSync(path('a.img'), path('hard'));
  symlinkSync('a.img', path('soft'));
  const names = ['a.img', 'b.img', 'hard', 'soft', 'gone', '-x\ty'].map(path);
  const found = await identifyByStat()(names, wait);
  t.match(found.get(path('a.img')), /^file [0-9a-f]+ [0-9a-f]+ \d+$/);
  t.equal(found.get(path('hard')), found.get(path('a.img')));
  t.equal(found.get(path('soft')), found.get(path('a.img')));
  t.not(found.get(path('b.img')), found.get(path('a.img')));
  t.equal(found.get(path('gone')), undefined);
  t.equal(found.size, 4);
  t.strictSame(await identifyByStat()([], wait), new Map());
});

/** Some block device of this machine; what it is does not matter, since the test says what sysfs tells of it. */
const device = readdirSync('/dev')
  .map((name) => join('/dev', name))
  .find((path) => statSync(path, { throwIfNoEntry: false })?.isBlockDevice() === true);

void t.test(
  'a device has the name that its disks, or its maker, give it',
  device === undefined ? { skip: 'this machine has no block device in /dev' } : {},
  async (t) => {
    const path = device ?? '';
    const { rdev } = statSync(path);
    // makedev of the kernel, for the numbers that occur here.
    const numbers = `${(rdev >> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >> 12) & 0xfff00)}`;
    const identity = async (files: Readonly<Record<string, string>>): Promise<string | undefined> => {
      const sysRoot = t.testdir({});
      for (const [name, text] of Object.entries(files)) {
        const file = join(sysRoot, 'dev/block', numbers, name);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, `${text}\n`);
      }
      return (await identifyByStat(sysRoot)([path], wait)).get(path);
    };
    const lvm = 'LVM-Tq3nFzWZ2kQ7';
    t.equal(await identity({ 'dm/uuid': lvm }), `device ${lvm}`);
    t.equal(await identity({ 'dm/uuid': 'mpath-3600a0b80' }), 'device mpath-3600a0b80');
    t.equal(await identity({ 'dm/uuid': 'CRYPT-LUKS2-1' }), undefined, 'its key may be this host alone');
    t.equal(await identity({ 'device/wwid': 'naa.600140' }), 'device naa.600140');
    t.equal(await identity({ wwid: 'eui.0025385b' }), 'device eui.0025385b');
    t.equal(await identity({ 'device/wwid': 't10.ATA     QEMU HARDDISK  QM00001' }), undefined, 'not unique');
    t.equal(await identity({}), undefined, 'a loop device, for example');
    t.equal(await identity({ partition: '2', '../wwid': 'eui.0025385b' }), 'device eui.0025385b partition 2');
  },
);
