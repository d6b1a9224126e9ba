// Tests the running of host programs: their output and exit, and that none is awaited beyond its deadline.
import t from 'tap';
import { askProgram } from '../../../../agent/migration/checks/ask-program.ts';

const WAIT = { timeoutMs: 10_000 };

void t.test('tells what a program said and how it ended', async (t) => {
  t.strictSame(await askProgram('sh', ['-c', 'echo so; echo but >&2; exit 3'], WAIT), {
    exitCode: 3,
    output: 'so\n',
    errors: 'but\n',
  });
  t.match(await askProgram('no-such-program', [], WAIT), { exitCode: undefined, errors: /ENOENT/ });
});

void t.test(
  'gives one up that does not end, or that leaves somebody behind who holds its output',
  async (t) => {
    const silent = { exitCode: undefined, output: '', errors: '' };
    const holder = 'sleep 20 & echo $! >&2; exec sleep 20';
    const { exitCode, errors } = await askProgram('sh', ['-c', holder], { timeoutMs: 2_000 });
    t.equal(exitCode, undefined);
    const holderPid = Number(errors);
    // Not 0: that would be the whole process group.
    if (!(holderPid > 1)) throw new Error(`sh has not told who holds its output: "${errors}"`);
    t.doesNotThrow(() => process.kill(holderPid, 'SIGTERM'), 'it still held the output');
    const stopped = new AbortController();
    const asked = askProgram('sleep', ['20'], { ...WAIT, signal: stopped.signal });
    stopped.abort();
    t.strictSame(await asked, silent);
  },
);
