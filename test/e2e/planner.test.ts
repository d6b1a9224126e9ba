// Tests an operator's work with the balancer on real hosts: approval, a rule, maintenance, packing, explanations.
import { join } from 'node:path';
import t from 'tap';
import { hostNames, type HostName } from '../../lab/topology.ts';
import { openCluster, skipWithoutLab, until, type Cluster, type Guest } from './cluster.ts';

const fileTimeoutMs = 900_000;
t.setTimeout(fileTimeoutMs);

/** Which host runs each of the guests, by libvirt. */
async function placesOf(cluster: Cluster, guests: readonly Guest[]): Promise<(HostName | undefined)[]> {
  const copies = await Promise.all(guests.map(({ name }) => cluster.copies(name)));
  return copies.map((found) => found.find(({ state }) => state === 'running')?.host);
}

t.test(
  'what an operator asks of the balancer',
  { skip: skipWithoutLab(), timeout: fileTimeoutMs },
  async (t) => {
    const cluster = await openCluster(t);
    const says = async (line: string): Promise<string> => {
      const { stdout, stderr } = await cluster.evenkeel(...line.split(' '));
      return stdout + stderr;
    };
    const untilSays = (line: string, expected: RegExp, timeoutMs = 120_000): Promise<string> =>
      until(
        `"${line}" says ${String(expected)}`,
        timeoutMs,
        () => says(line),
        (text) => expected.test(text),
      );
    t.teardown(async () => {
      await says('rule remove e2e-apart');
      for (const host of hostNames) await says(`maintenance exit ${host}`);
    });
    // One after another: three emulated guests that boot at once take minutes.
    const guests: Guest[] = [];
    for (const number of [131, 132, 133]) {
      const guest = await cluster.create(number, 'kvm1');
      (await guest.watch()).close();
      guests.push(guest);
    }
    const [one, two, three] = guests;
    if (one === undefined || two === undefined || three === undefined) throw new Error('three guests');
    await cluster.areSampled(...guests);

    await t.test('a recommendation waits for approval and then runs; explain answers for both', async (t) => {
      // Booting is load too, but the proposal must be about the overload below.
      await cluster.isCalm('kvm1');
      await one.tell('burn 1');
      await two.tell('burn 1');
      await untilSays('proposals', /e2e-13[123] +kvm1 → kvm[23] +waiting/);
      t.strictSame(await placesOf(cluster, guests), ['kvm1', 'kvm1', 'kvm1'], 'nothing moves unasked');
      // A proposal whose reason has gone is withdrawn; the next one then waits.
      let name = '';
      await until(
        'a proposal is approved',
        120_000,
        async () => {
          name = /(e2e-13[123]) +kvm1 → .* waiting/.exec(await says('proposals'))?.[1] ?? '';
          if (name === '') return 'no proposal waits';
          t.match(await says(`explain ${name}`), /waits for approval until|withdrawn/);
          return says(`approve ${name}`);
        },
        (answer) => answer.includes(': approved'),
      );
      await untilSays('proposals --all', new RegExp(`${name} .* started`));
      await untilSays('migrations', new RegExp(`${name} +kvm1 → kvm[23] +succeeded`));
      t.match(await says(`explain ${name}`), /moved from kvm1 to kvm[23] at .*by a decision of evenkeel/);
      const stayed = guests.find((guest) => guest.name !== name)?.name ?? '';
      t.match(
        await says(`explain ${stayed}`),
        new RegExp(`^${stayed} (itself )?(stays|is to move)|would move instead`),
      );
      await one.tell('burn 0');
      await two.tell('burn 0');
    });

    await t.test('an anti-affinity pair ends on two hosts and stays there', async (t) => {
      const places = await placesOf(cluster, guests);
      const together = guests.filter((_, index) => places[index] === 'kvm1').slice(0, 2);
      t.equal(together.length, 2, 'two guests share kvm1');
      await cluster.isCalm('kvm1');
      await cluster.run('mode', 'auto');
      const names = together.map(({ name }) => name);
      t.match(await says(`rule add anti_affinity ${names.join(' ')} --id e2e-apart`), /^Added: e2e-apart/);
      await until(
        'the two are on two hosts',
        240_000,
        () => placesOf(cluster, together),
        ([first, second]) => first !== undefined && second !== undefined && first !== second,
      );
      t.match(await says(`rule add affinity ${names.join(' ')}`), /e2e-apart/, 'the culprit is named');
      t.match(await says('rule remove e2e-apart'), /^Removed/);
      await cluster.run('mode', 'recommend');
    });

    await t.test('maintenance evacuates a host to the last VM and keeps it empty', async (t) => {
      const places = await placesOf(cluster, guests);
      const host = places.find((place) => place !== undefined) ?? 'kvm1';
      const watch = await guests[places.indexOf(host)]?.watch();
      const entered = await cluster.evenkeel('maintenance', 'enter', host, '--reason', 'e2e');
      t.equal(entered.status, 0, entered.stderr);
      t.match(entered.stdout, new RegExp(`${host} is empty\\.\\n$`));
      t.notOk((await placesOf(cluster, guests)).includes(host), 'by libvirt, too');
      watch?.close();
      t.match(await says('maintenance list'), new RegExp(`${host} .* 0 +0 +0 +e2e`));
      t.match(await says(`migrate ${one.name} --to ${host}`), /being emptied/);
      t.match(await says(`maintenance exit ${host}`), /back in service/);
    });
  },
);

// Of the plan with the policy below: a move that would be made, with VM, source and target.
const PACKING_MOVE = /^\+ +(e2e-14[123]) +(kvm[123]) → (kvm[123]) +consolidate/m;

t.test(
  'a policy that packs names the moves and the hosts that could then be powered off',
  { skip: skipWithoutLab(), timeout: fileTimeoutMs },
  async (t) => {
    const cluster = await openCluster(t);
    // The scheduler itself packs by what it has seen for 40 minutes; this policy takes what is known.
    const content = JSON.stringify({ consolidation: true, packsKnownOnly: false });
    const policy = join(t.testdir({ 'policy.json': content }), 'policy.json');
    const plan = async (): Promise<string> => {
      const { stdout, stderr } = await cluster.evenkeel('plan', '--policy', policy);
      return stdout + stderr;
    };
    const guests: Guest[] = [];
    for (const [index, host] of hostNames.entries()) {
      const guest = await cluster.create(141 + index, host);
      (await guest.watch()).close();
      guests.push(guest);
    }
    await cluster.areSampled(...guests);
    for (const host of hostNames) await cluster.isCalm(host);
    t.strictSame(await placesOf(cluster, guests), [...hostNames], 'one guest on each host');

    // A move at a time: the hosts of the one before settle first.
    for (let moves = 1; moves < guests.length; moves += 1) {
      const said = await until('the next move to pack the guests', 120_000, plan, (text) =>
        PACKING_MOVE.test(text),
      );
      const [, name = '', , target = ''] = PACKING_MOVE.exec(said) ?? [];
      const moved = await cluster.evenkeel('migrate', name, '--to', target);
      t.equal(moved.status, 0, moved.stdout + moved.stderr);
    }
    const packed = await until(
      'the plan to leave the guests where they are',
      120_000,
      plan,
      (text) => text.includes('could be powered off afterwards') && !PACKING_MOVE.test(text),
    );
    const places = await placesOf(cluster, guests);
    t.equal(new Set(places).size, 1, 'all guests share a host');
    for (const host of hostNames)
      t.equal(new RegExp(`powered off afterwards: .*${host}`).test(packed), !places.includes(host), host);
  },
);
