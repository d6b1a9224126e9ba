// Tests bad command lines, in this process: none ever reaches a scheduler.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runHere } from './command.ts';

void t.test('bad input names the option, what is wrong and what is good, and asks nothing', async (t) => {
  const folder = t.testdir();
  const yaml = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const create = 'vm create web1 --vcpus 1 --memory 1G';
  const cases: readonly (readonly [string, RegExp])[] = [
    ['hsts', /unknown command 'hsts'\n\(Did you mean hosts\?\)/],
    ['vm crate x', /unknown command 'crate'\n\(Did you mean create\?\)\nSee: evenkeel vm --help/],
    ['hosts --srot name', /unknown option '--srot'\n\(Did you mean --sort\?\)/],
    ['hosts --sort colour', /Allowed choices are name, cpu, memory/],
    ['migrate', /missing required argument 'vm'\nSee: evenkeel migrate --help/],
    ['mode atuo', /Allowed choices are observe, recommend, auto/],
    ['migrations --limit none', /whole number from 1 to/],
    ['hosts --timeout soon', /--timeout "soon": must be a time .* for example 30, 30s or 2m/],
    ['hosts --scheduler kvm1', /--scheduler "kvm1": must be HOST:PORT .* for example/],
    ['hosts --scheduler kvm1:99999', /port from 1 to 65535/],
    [
      'hosts --plaintext --scheduler 10.0.0.1:7444',
      /--plaintext: works with a scheduler on this machine only/,
    ],
    [
      'hosts',
      /--ca \/etc\/evenkeel\/tls\/ca\.pem: cannot be read; give the PEM files with --ca, --cert and --key/,
    ],
    ['hosts --ca /nowhere/ca.pem', /--ca \/nowhere\/ca\.pem: cannot be read/],
    ['vm create --vcpus 1 --memory 1G', /NAME: is missing/],
    ['vm create a/b --vcpus 1 --memory 1G', /NAME "a\/b": must begin with a letter or digit/],
    ['vm create <b>x</b> --vcpus 1 --memory 1G', /NAME "<b>x<\/b>": must begin/],
    ['vm create web1 --memory 1G', /--vcpus: is missing; give how many vCPUs, for example --vcpus 2/],
    ['vm create web1 --vcpus 0 --memory 1G', /--vcpus "0": must be a whole number from 1/],
    ['vm create web1 --vcpus 1 --memory 0', /--memory "0": must be a size above 0 .* for example 2G/],
    [
      'vm create web1 --vcpus 1 --memory 2048',
      /--memory "2048": is only 2\.0 KiB; give a unit, for example 2G/,
    ],
    [`${create} --disk shared`, /--disk "shared": "shared" is not KEY=VALUE/],
    [`${create} --disk size=20G`, /--disk "size=20G": pool is missing; for example pool=shared,size=20G/],
    [`${create} --disk pool=shared`, /give size=20G for an empty disk, clone=IMAGE/],
    [`${create} --disk pool=shared,size=lots`, /size "lots": must be a size above 0/],
    [`${create} --disk pool=shared,sise=2G`, /"sise" is not known here; use pool, size, clone, volume/],
    [`${create} --disk pool=shared,clone=a,volume=b`, /give one of them/],
    [`${create} --disk pool=shared,volume=b,size=1G`, /leave size out/],
    [`${create} --disk pool=a,pool=b`, /pool is given twice/],
    [`${create} --nic mac=52:54:00:00:00:01`, /give one of bridge=NAME, network=NAME and macvtap=INTERFACE/],
    [`${create} --nic bridge=br0,mac=52-54`, /mac "52-54": must be six bytes in hex, for example/],
    [`${create} --nic bridge=br0,mac=53:54:00:00:00:01`, /multicast address; the first byte must be even/],
    [`${create} --firmware efi`, /--firmware "efi": must be one of bios, uefi/],
    [`${create} --os beos`, /--os "beos": must be one of linux, windows, other/],
    [`${create} --expires 2031-02-30`, /--expires "2031-02-30": must be a day like/],
    [`${create} --expires 2001-01-01`, /is in the past/],
    [`${create} --downtime-max-ms 0`, /--downtime-max-ms "0": must be a whole number from 1/],
    ['vm create --file /nowhere.yaml', /--file \/nowhere\.yaml: ENOENT/],
    [`vm create --file ${yaml('list.yaml', '[1]')}`, /must be a YAML mapping/],
    [`vm create --file ${yaml('broken.yaml', 'name: "x')}`, /broken\.yaml: .*line 1/],
    [
      `vm create --file ${yaml('key.yaml', 'ram: 2G')}`,
      /key\.yaml: ram: is not a known key; use name, vcpus/,
    ],
    [
      `vm create --file ${yaml('flag.yaml', 'headless: maybe')}`,
      /flag\.yaml: headless: must be true or false/,
    ],
    [
      `vm create --file ${yaml('disk.yaml', 'name: a\nvcpus: 1\nmemory: 1G\ndisks: [{pool: p, size: [1]}]')}`,
      /disk\.yaml: disks\[0\]\.size: must be text or a number/,
    ],
    ['vm undefine burn1 --delete-volumes --plaintext', /There is no terminal to ask on; confirm with --yes/],
  ];
  for (const [line, expected] of cases) {
    const { code, stdout, stderr } = await runHere(line);
    t.equal(code, 2, `${line} ends with 2`);
    t.match(stderr, expected, line);
    t.match(stderr, /^evenkeel: /);
    t.equal(stdout, '', `${line} prints no result`);
  }
  const bare = await runHere('--json');
  t.equal(bare.code, 2);
  t.match(JSON.parse(bare.stdout), { error: { code: 'USAGE', message: /which command\?/ } });
  const json = await runHere('vm create web1 --json');
  t.match(JSON.parse(json.stdout), { error: { code: 'USAGE', message: /--vcpus: is missing/, exitCode: 2 } });
  t.equal(json.stderr, '');
});
