// Tests the operator's commands: modes of hosts and VMs, rules, answers to proposals, maintenance, snapshots.
import t, { type Test } from 'tap';
import { serverCredentials } from '../../shared/grpc/credentials.ts';
import { runHere, type Outcome } from './command.ts';
import { startFakeScheduler } from './fake-scheduler.ts';

async function start(t: Test): Promise<(line: string) => Promise<Outcome>> {
  const address = '127.0.0.1:0';
  const scheduler = await startFakeScheduler(
    serverCredentials({ mode: 'plaintext', caFile: '', certFile: '', keyFile: '' }, address),
    address,
  );
  t.teardown(() => scheduler.stop());
  const env = { EVENKEEL_SCHEDULER: `127.0.0.1:${scheduler.port}`, EVENKEEL_TLS_MODE: 'plaintext' };
  return (line) => runHere(line, env);
}

type Page = readonly [line: string, code: number, expected: RegExp];

async function says(t: Test, ask: (line: string) => Promise<Outcome>, pages: readonly Page[]): Promise<void> {
  for (const [line, code, expected] of pages) {
    const outcome = await ask(line);
    t.equal(outcome.code, code, `${line} ends with ${code}`);
    t.match(outcome.stdout + outcome.stderr, expected, line);
  }
}

void t.test('a host or a VM has its own mode until it is removed', async (t) => {
  await says(t, await start(t), [
    ['mode auto --vm burn1', 0, /^recommend: [^]*OF +NAME +MODE\nVM +burn1 +auto\n$/],
    ['mode', 0, /burn1 +auto/],
    ['mode inherit --vm burn1', 0, /^recommend: [^\n]*\n$/],
    ['mode observe --host kvm1', 0, /host +kvm1 +observe/],
    ['mode --host kvm1', 2, /give a mode/],
    ['mode sometimes', 2, /inherit/],
  ]);
});

void t.test(
  'rules are listed with where they are written, added, removed, and conflicts are named',
  async (t) => {
    await says(t, await start(t), [
      ['rule list', 0, /db-apart +anti_affinity +must +db1 db2 +– +db2 +scheduler\.yaml/],
      ['rule add affinity db1 db2', 0, /^Added: rule-1: affinity, must, db1, db2\n$/],
      ['rule list', 0, /conflict +db1 and db2 must be on one host[^\n]*remove one[^\n]*\(db-apart, rule-1\)/],
      [
        'rule add vm_to_host web1 --hosts kvm1,kvm2 --should --id web',
        0,
        /web: vm_to_host, should, web1 on kvm1, kvm2/,
      ],
      ['rule add affinity is-taken db2', 4, /must be on one host and must not/],
      ['rule remove rule-1', 0, /^Removed: rule-1/],
      ['rule remove rule-1', 3, /no rule "rule-1"/],
      ['rule add apart db1 db2', 2, /anti_affinity/],
      ['rule add pin', 2, /missing required argument/],
    ]);
  },
);

void t.test(
  'proposals are approved and rejected by id, by VM or all; one that is withdrawn is shown',
  async (t) => {
    await says(t, await start(t), [
      ['proposals', 0, /p-3 +burn1 +kvm1 → kvm2 +waiting[^]*p-2 +burn2/],
      ['proposals --all', 0, /p-1 +quiet10 +kvm1 → kvm2 +expired +evacuate +nobody answered/],
      ['approve burn1', 0, /^burn1 from kvm1 → kvm2: approved/],
      ['approve p-3', 3, /"p-3": no move of that id or VM waits/],
      ['approve --all', 4, /approve burn2: checked again and withdrawn: kvm1 has cooled/],
      ['approve', 2, /--all/],
      ['reject p-2 --all', 2, /--all/],
    ]);
    await says(t, await start(t), [['reject burn1', 0, /rejected; not proposed again/]]);
  },
);

void t.test(
  'maintenance says what will leave, follows it to the last VM, and names what cannot',
  async (t) => {
    const ask = await start(t);
    await says(t, ask, [
      ['maintenance list', 0, /No host is in maintenance/],
      [
        'maintenance enter kvm1 --reason memory',
        0,
        /^1 VM runs on kvm1; 1 can leave, in about 12\.0 s:\n +burn1 → kvm2\nkvm1 is empty\.\nkvm1: 1 VM left, 1 moving/,
      ],
      ['maintenance exit kvm1', 0, /kvm1 is back in service/],
      ['maintenance exit kvm1', 4, /not in maintenance/],
      ['maintenance enter kvm2', 2, /Cannot leave:\n +quiet9 +no other host has 64\.0 GiB free[^]*--yes/],
      ['maintenance list', 0, /No host is in maintenance/],
      ['maintenance enter kvm2 --yes', 0, /still runs 1 VM that cannot leave:\n +quiet9/],
      ['maintenance list', 0, /kvm2 .* 1 +0 +1 +new memory\n\nCannot leave kvm2:/],
    ]);
    const { stdout } = await ask('maintenance list --json');
    t.match(JSON.parse(stdout), [{ hostName: 'kvm2', impossible: [{ code: 'no_room' }] }]);
  },
);

void t.test('a snapshot and the record of a decision are printed as they are', async (t) => {
  await says(t, await start(t), [
    ['snapshot', 0, /^\{"atMs":1\}\n$/],
    ['snapshot --record', 0, /^\{"snapshot":\{"atMs":1\},"plan":\{\}\}\n$/],
    ['decisions d-41 --record', 0, /^\{"plan":"d-41"\}\n$/],
    ['decisions --record', 2, /needs the id/],
  ]);
});
