// `client log`: what is asked of the server for each way to name files and times, and what is shown.
import { describe, expect, it } from 'vitest';
import { fakeApi, memory, run } from '../fake-context.js';

const PATHS = ['a.txt', 'b [1].txt', 'docs/c.txt'];

async function asked(args: readonly string[], given: Parameters<typeof run>[1] = {}) {
  const calls: unknown[] = [];
  const ran = await run(['log', ...args], { api: fakeApi(PATHS, calls), ...given });
  return {
    ...ran,
    calls: calls.filter((call) => (call as string[])[0] === 'log').map((call) => (call as object[])[1]),
  };
}

describe('client log', () => {
  it('shows what happened, with the date', async () => {
    const { code, out, calls } = await asked([]);
    expect([code, calls]).toEqual([0, [{}]]);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^2026-11-21 \d\d:03:20\.118 {2}a → b {2}created {3}a\.txt {2}3 B {2}4 ms$/),
      expect.stringMatching(/ b \[1\]\.txt /),
      expect.stringMatching(/ docs\/c\.txt /),
      '',
    ]);
  });

  it('is one object in JSON', async () => {
    const { out } = await asked(['--json', 'a.txt']);
    expect(JSON.parse(out)).toEqual({ events: [expect.objectContaining({ run: 'abc', id: 0, path: 'a.txt' })] });
    expect(JSON.parse((await run(['--json', 'log'], { api: fakeApi([]) })).out)).toEqual({ events: [] });
  });

  it.each<[string[], object]>([
    [['a.txt'], { target: { path: 'a.txt' } }],
    [['./a.txt'], { target: { path: 'a.txt' } }],
    [['1'], { target: { index: 1 } }],
    [['docs/*'], { prefix: 'docs/' }],
    [['b [1].txt'], { prefix: 'b ' }],
    [['*.txt', '--since', '1h'], { prefix: '', ageMs: 3_600_000 }],
    [['--since', '90'], { ageMs: 90_000 }],
    [['--since', '2d'], { ageMs: 172_800_000 }],
    [['--since', '2026-11-21T14:03:00Z'], { since: new Date('2026-11-21T14:03:00Z') }],
    [['--since', '2026-11-21 14:03'], { since: new Date('2026-11-21 14:03') }],
    [['--since', '2026-11-21'], { since: new Date(2026, 10, 21) }],
    [['--since', '00:00'], { since: new Date(new Date().setHours(0, 0, 0, 0)) }],
  ])('%j asks for %j', async (args, wanted) => {
    const { code, calls } = await asked(args);
    expect([code, calls]).toEqual([0, [wanted]]);
  });

  it('takes a number for the file that was shown at it', async () => {
    const { calls } = await asked(['0'], { shown: memory(['docs/c.txt']) });
    expect(calls).toEqual([{ target: { path: 'docs/c.txt' } }]);
  });

  it.each<[string, string[]]>([
    ['docs/*', ['docs/c.txt']],
    ['**/*.txt', PATHS],
    ['b [1].txt', ['b [1].txt']],
  ])('%s shows the events of %j', async (glob, paths) => {
    const { out } = await asked([glob, '--json']);
    expect(JSON.parse(out).events.map(({ path }: { path: string }) => path)).toEqual(paths);
  });

  it.each<[string[], number, RegExp]>([
    [['gone.txt'], 4, /There is no file "gone\.txt" on either side, and nothing is logged about it\./],
    [['*.gif'], 4, /No file matches "\*\.gif"\./],
    [['9'], 4, /./],
    [['--since', 'yesterday'], 2, /^--since takes a duration/],
    [['--since', '2026-13-41'], 2, /^--since takes a duration such as 2d or 1h, or a time/],
    [['../x'], 2, /\.\./],
  ])('%j is refused', async (args, code, words) => {
    const ran = await asked(args, { shown: memory(['a.txt']) });
    expect([ran.code, ran.err]).toEqual([code, expect.stringMatching(words)]);
  });

  it('says where nothing is logged, and what could not be read', async () => {
    const api = fakeApi(PATHS);
    api.log = async () => ({ events: [], damaged: 2 });
    expect(await run(['log', 'a.txt', '--since', '1h'], { api })).toEqual({
      code: 0,
      out: 'Nothing is logged about a.txt in that time.\n',
      err: '2 lines of the log cannot be read.\n',
    });
    expect((await run(['log'], { api })).out).toBe('Nothing is logged.\n');
  });

  it('shows the latest thousand on a terminal, and all where a beginning is named or nobody looks', async () => {
    const paths = Array.from({ length: 1_003 }, (_, n) => `f${n}`);
    const lines = async (...args: string[]) => {
      const ran = await run(
        [
          ...args.slice(0, 1).filter((arg) => arg.startsWith('--color')),
          'log',
          ...args.filter((arg) => !arg.startsWith('--color')),
        ],
        { api: fakeApi(paths), terminal: args.length > 0 },
      );
      return [ran.out.split('\n').length - 1, ran.err];
    };
    expect(await lines('--color=never')).toEqual([1_000, '3 earlier events left out; see them with --since.\n']);
    expect(await lines('--color=never', '--since', '1h')).toEqual([1_003, '']);
    expect(await lines()).toEqual([1_003, '']);
  });
});
