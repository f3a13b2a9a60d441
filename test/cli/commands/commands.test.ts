import { describe, expect, it } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import type { ListEntry, Status } from '../../../src/wire/client-api/methods.js';
import { entry, fakeApi, lockOf, lockRowOf, memory, run } from '../fake-context.js';

const json = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('list', () => {
  it('shows the files with their numbers, and remembers them', async () => {
    const shown = memory();
    const { code, out } = await run([], { shown });
    expect(code).toBe(0);
    expect(out).toMatch(/^#.*\n0 {2}a\.txt.*\n1 {2}b\.txt.*\n$/);
    expect(shown.paths).toEqual(['a.txt', 'b.txt']);
  });

  it('keeps the numbers of the full listing for a glob, and remembers the full one', async () => {
    const shown = memory();
    const { out } = await run(['list', 'b*'], { shown });
    expect(out).toMatch(/^#.*\n1 {2}b\.txt.*\n$/);
    expect(shown.paths).toEqual(['a.txt', 'b.txt']);
  });

  it('shows what is below a directory, and a file whose name is a number', async () => {
    const api = fakeApi(['7', '77', 'docs/a', 'docs2']);
    expect(json((await run(['--json', 'list', 'docs'], { api })).out)[0].entries).toMatchObject([{ path: 'docs/a' }]);
    expect(json((await run(['--json', 'list', '7'], { api })).out)[0].entries).toMatchObject([{ path: '7', index: 0 }]);
  });

  it('sorts and selects, and every file keeps its number', async () => {
    const api = fakeApi([]);
    const entries = [
      entry(0, 'a', { size: 1, mtime: '2026-11-21T14:00:00.000Z' }),
      entry(1, 'b', { size: 9, mtime: '2026-11-20T14:00:00.000Z', lock: lockOf('ann') }),
      entry(2, 'c', { size: 5, mtime: '2026-11-22T14:00:00.000Z', on: 'a' }),
    ];
    api.list = async () => ({ generation: 1, entries });
    const numbers = async (...args: string[]) =>
      json((await run(['list', '--json', ...args], { api })).out)[0].entries.map(({ index }: ListEntry) => index);
    expect(await numbers('--sort', 'size')).toEqual([1, 2, 0]);
    expect(await numbers('--sort=time')).toEqual([2, 0, 1]);
    expect(await numbers('--sort', 'state')).toEqual([1, 2, 0]);
    expect(await numbers('--sort', 'name')).toEqual([0, 1, 2]);
    expect(await numbers('--locked')).toEqual([1]);
    expect(await run(['list', '--locked', 'a'], { api })).toMatchObject({
      out: 'No file that matches "a" is locked.\n',
    });
    expect(await run(['list', '--sort', 'colour'], { api })).toMatchObject({ code: 2 });
  });

  it('gives the whole listing as JSON, and does not remember that', async () => {
    const shown = memory();
    const { out } = await run(['list', '--json'], { shown });
    expect(JSON.parse(out)).toEqual({ generation: 7, entries: [entry(0, 'a.txt'), entry(1, 'b.txt')] });
    expect(shown.paths).toBeNull();
  });

  it('says who waits, and that side b is what was last known where server-b is away', async () => {
    const api = fakeApi(['a.txt', 'b.txt']);
    await api.lock([{ path: 'a.txt' }]);
    api.locks = async () => ({
      locks: [{ ...lockRowOf('ann'), path: 'a.txt', held: 0, waiting: [{ owner: 'bob', since: '' }] }],
    });
    expect((await run([], { api })).out).toMatch(/a\.txt .* locked by ann, bob waits\n1 {2}b\.txt .*\d\n$/);
    expect((await run([], { api })).err).toBe('');
    api.status = async () => ({ ...(await fakeApi([]).status()), peer: { address: 'x:1', connected: false } });
    expect((await run([], { api })).err).toMatch(/^Server-b is away: .* last known\. .*server-b.*\n$/);
    expect((await run(['--json'], { api })).err).toBe('');
  });

  it.each<[state: Partial<Status>, said: string]>([
    [
      { state: 'halted', outdated: ['b'] },
      'Halted for safety: no file is touched. What is shown of side b is what was last seen of it. See why with: client status\n',
    ],
    [{ state: 'halted' }, 'Halted for safety: no file is touched. See why with: client status\n'],
    [{ state: 'paused', paused: null }, 'Waiting: somebody is asked before anything is transferred\n'],
  ])('says why nothing moves, as plan does: %j', async (more, said) => {
    const api = fakeApi(['a.txt']);
    api.status = async () => ({ ...(await fakeApi([]).status()), ...more });
    expect((await run([], { api })).err).toBe(said);
    expect((await run(['plan'], { api })).out).toBe(`Nothing to transfer.\n${said}`);
    expect((await run(['plan', '--json'], { api })).out).toBe('{"plan":[],"waiting":0,"firstContact":false}\n');
  });

  it('says that a pair is empty, and that nothing matches', async () => {
    expect((await run([], { api: fakeApi([]) })).out).toBe('The pair is empty: there is no file on either side yet.\n');
    expect(await run(['list', '*.gif'])).toMatchObject({ code: 0, out: 'No file matches "*.gif".\n' });
  });
});

describe('lock and unlock', () => {
  it.each([
    ['-lock', '-1'],
    ['-lock', '1'],
    ['--lock', '1'],
    ['lock', '-1'],
    ['lock', '1'],
    ['lock', 'b.txt'],
    ['lock', 'b*'],
  ])('client %s %s locks b.txt and names it', async (...args) => {
    const { code, out } = await run(args);
    expect({ code, out }).toEqual({
      code: 0,
      out: 'Locked b.txt for ann: changes of it on side b wait until "client unlock b.txt".\n',
    });
  });

  it('takes the file that was shown at the number, though others came', async () => {
    const calls: unknown[] = [];
    const api = fakeApi(['aaa.txt', 'a.txt', 'b.txt'], calls);
    await run(['lock', '0'], { api, shown: memory(['a.txt', 'b.txt']) });
    expect(calls).toContainEqual(['lock', [{ path: 'a.txt' }], {}]);
  });

  it.each(['lock', 'unlock'])('%s never takes another file for one that is gone', async (command) => {
    const { code, err } = await run([command, '0'], { api: fakeApi(['b.txt']), shown: memory(['gone.txt']) });
    expect(code).toBe(4);
    expect(err).toMatch(/^Number 0 was "gone.txt" in the listing last shown here, and that file is gone\. .*\n$/);
  });

  it('passes message and side on', async () => {
    const calls: unknown[] = [];
    await run(['lock', '-m', '-3', 'a.txt'], { api: fakeApi(['a.txt'], calls), env: { LOCKSTEP_SIDE: 'b' } });
    await run(['lock', '--side', 'a', 'a.txt'], { api: fakeApi(['a.txt'], calls), env: { LOCKSTEP_SIDE: 'b' } });
    expect(calls).toEqual([
      ['lock', [{ path: 'a.txt' }], { message: '-3', side: 'b' }],
      ['lock', [{ path: 'a.txt' }], { side: 'a' }],
    ]);
  });

  it('does all it can and ends with the first failure', async () => {
    const api = fakeApi(['a.txt', 'bobs.txt', 'c.txt']);
    await api.lock([{ path: 'bobs.txt' }]);
    const { code, out } = await run(['--json', 'lock', 'a.txt', 'bobs.txt', '*.gif', 'no.txt', 'c.txt'], { api });
    expect(code).toBe(3);
    expect(json(out)).toMatchObject([
      { path: 'a.txt', changed: true },
      { path: 'bobs.txt', error: { code: 'locked' } },
      { path: '*.gif', error: { code: 'not-found' } },
      { path: 'no.txt', error: { code: 'not-found' } },
      { path: 'c.txt', changed: true },
    ]);
  });

  it.each([
    [['a.txt', './a.txt', 'a*', 'a.txt'], null, [{ path: 'a.txt' }]],
    [['0', '1', '0'], null, [{ index: 0 }, { index: 1 }]],
    [['0', 'a.txt', '1', '*.txt'], null, [{ path: 'a.txt' }, { path: 'b.txt' }]],
    [
      ['1', 'a.txt', 'b.txt'],
      ['b.txt', 'a.txt'],
      [{ path: 'a.txt' }, { path: 'b.txt' }],
    ],
    [['no.txt', '5', 'no.txt', '5', 'a.txt'], null, [{ path: 'no.txt' }, { index: 5 }, { path: 'a.txt' }]],
  ])('acts once on each of %j', async (targets, shown, wanted) => {
    const calls: unknown[] = [];
    const api = fakeApi(['a.txt', 'b.txt'], calls);
    await run(['lock', ...targets], { api, shown: memory(shown) });
    expect(calls.filter((call) => (call as unknown[])[0] === 'lock')).toEqual([['lock', wanted, {}]]);
  });

  it('says refusals on stderr, one line each', async () => {
    const { code, out, err } = await run(['lock', 'no.txt', 'a.txt']);
    expect(code).toBe(4);
    expect(err).toBe('There is no file no.txt.\n');
    expect(out).toMatch(/^Locked a\.txt /);
  });

  it('unlocks what was locked, and says what nobody holds', async () => {
    const api = fakeApi(['a.txt', 'b.txt']);
    await run(['lock', 'a.txt'], { api });
    expect(await run(['unlock', '*.txt'], { api })).toMatchObject({ code: 0, out: 'Unlocked a.txt.\n' });
    const { code, out } = await run(['-unlock', '-0'], { api });
    expect({ code, out }).toEqual({ code: 0, out: 'Nobody holds a lock on a.txt: there is nothing to unlock.\n' });
    expect(await run(['unlock', 'a.text'], { api })).toMatchObject({
      ...{ code: 4, out: '' },
      err: 'There is no file "a.text", and no lock on one of that name. See what is locked with: client locks\n',
    });
  });

  it.each([
    ['applied', 1, '1 held update to apply'],
    ['applied', 2, '2 held updates to apply one by one'],
    ['copy', 1, "the holder's version keeps the name, the held update becomes a conflict copy"],
    [
      'copy',
      3,
      "the holder's version keeps the name, the last of 3 held updates becomes a conflict copy; the earlier ones go to versions",
    ],
    ['dropped', 1, "the held deletion is dropped and the holder's version stays"],
    [
      'dropped',
      2,
      "the last of 2 held updates, a deletion, is dropped and the holder's version stays; the earlier ones go to versions",
    ],
    ['same', 1, "the held update left the same as the holder's side has"],
    ['returns', 1, "the file is gone on the holder's side, so the held update brings it back"],
    ['versions', 2, "the holder's version stays, 2 held updates go to versions"],
    [undefined, 2, '2 held updates to settle, and nothing of them is lost'],
  ])('says of held updates that are %s (%i) what becomes of them', async (becomes, held, said) => {
    const api = fakeApi(['a.txt']);
    api.unlock = async () => [{ path: 'a.txt', changed: true, owner: 'ann', held, becomes }];
    expect((await run(['unlock', 'a.txt'], { api })).out).toBe(`Unlocked a.txt; ${said}.\n`);
  });

  it('says of a wait that ran out that the place is given up, and who holds the lock', async () => {
    const api = fakeApi(['bobs.txt']);
    api.lock = async (_targets, options) => {
      options?.onWaiting?.({ path: 'bobs.txt', owner: 'ann', position: 2 });
      const error = { code: 'locked' as const, message: '"bobs.txt" is locked by bob.', hint: 'Ask bob.' };
      return [{ path: 'bobs.txt', changed: false, error, lock: { ...lockOf('bob'), held: 0, waiting: 1 } }];
    };
    expect(await run(['lock', 'bobs.txt', '--wait=2s'], { api })).toEqual({
      code: 3,
      out: '',
      err:
        'Waiting for bobs.txt: number 2 in line.\n' +
        'The wait of 2s is over, and with it your place in line: "bobs.txt" is locked by bob. ' +
        'Ask bob to unlock it, or stand in line again with: client lock bobs.txt --wait\n',
    });
    const { err } = await run(['--as', 'ann b', 'lock', 'bobs.txt', '--wait=2s', '--side', 'b'], { api });
    expect(err.trim()).toMatch(/ with: client lock bobs\.txt --wait --side b --as ann\\ b$/);
  });

  it.each([
    [
      'interrupted',
      130,
      /^Gave up: nothing was locked, and your place in line .*\(number 1\).* locked by bob since .* --wait$/,
    ],
    ['closed', 6, /^Gone, and with it your place in line for "my bobs\.txt"\./],
    ['busy', 1, /^Gone\.$/],
  ] as const)('says of a wait that was %s what became of it', async (why, exit, said) => {
    const api = fakeApi(['my bobs.txt']);
    api.locks = async () => ({ locks: [{ ...lockRowOf('bob'), path: 'my bobs.txt', held: 0, waiting: [] }] });
    api.lock = async (_targets, options) => {
      options?.onWaiting?.({ path: 'my bobs.txt', owner: 'ann', position: 1 });
      throw new SyncError(why, 'Gone.');
    };
    const { code, err } = await run(['lock', 'my bobs.txt', '--wait'], { api });
    expect(code).toBe(exit);
    expect(err.trimEnd().split('\n')[1]).toMatch(said);
    if (why === 'interrupted') expect(err).toContain('client lock my\\ bobs.txt --wait');
  });

  it('takes what follows -- for a path', async () => {
    const { code, out } = await run(['lock', '--', '-3', '--json'], { api: fakeApi(['-3', '--json']) });
    expect(code).toBe(0);
    expect(out).toMatch(/^Locked -3 .*\nLocked --json /);
  });
});

describe('ask', () => {
  it.each<[it: string, facts: object, out: string]>([
    ['asks the holder', { changed: true, owner: 'bob' }, 'Asked bob to unlock a.txt.'],
    [
      'says when he was asked',
      { changed: false, owner: 'bob', agoMs: 20_999 },
      'bob was asked to unlock a.txt 20 s ago; ask again in 40 s.',
    ],
    [
      'says that nobody has it',
      { changed: false, owner: null },
      'Nobody holds a lock on a.txt. Lock it with: client lock a.txt',
    ],
    [
      'says that you have it',
      { changed: false, owner: 'ann' },
      'You hold the lock on a.txt yourself. Unlock it with: client unlock a.txt',
    ],
  ])('%s, and is done', async (_, facts, out) => {
    const api = fakeApi(['a.txt']);
    api.ask = async () => [{ path: 'a.txt', ...facts } as never];
    const env = { LOCKSTEP_USER: 'ann' };
    expect(await run(['ask', 'a.txt'], { api, env })).toEqual({ code: 0, out: `${out}\n`, err: '' });
    const { out: data } = await run(['--json', 'ask', 'a.txt'], { api, env });
    expect(json(data)).toEqual([{ path: 'a.txt', ...facts }]);
  });

  it('passes the message on, takes numbers, and means by a glob what others have locked', async () => {
    const calls: unknown[] = [];
    const api = fakeApi(['a.txt', 'b.txt', 'bobs.txt', 'bobs-2.txt'], calls);
    await api.lock([{ path: 'a.txt' }, { path: 'bobs.txt' }]);
    calls.length = 0;
    const env = { LOCKSTEP_USER: 'ann' };
    await run(['ask', '2', '-m', 'at noon'], { api, env, shown: memory(['x', 'y', 'b.txt']) });
    await run(['ask', '*.txt'], { api, env });
    expect(calls.filter((call) => (call as string[])[0] === 'ask')).toEqual([
      ['ask', [{ path: 'b.txt' }], { message: 'at noon' }],
      ['ask', [{ path: 'bobs.txt' }], {}],
    ]);
  });

  it('exits with 4 where there is neither a file nor a lock', async () => {
    expect(await run(['ask', 'none'])).toMatchObject({ code: 4, out: '' });
  });

  it('is told at the next command of the holder', async () => {
    const api = fakeApi([]);
    const asked = { path: '3', reason: 'asked', by: 'ann\n', time: '2026-11-21T14:03:22.118Z' } as const;
    api.notices = async () => [asked, { ...asked, path: 'a b', message: 'at "noon"' }];
    const { err } = await run(['locks'], { api });
    expect(err.replaceAll(/\(2026[^)]*\)/g, '(TIME)')).toBe(
      'Note: ann\\n asks you to unlock 3 (TIME). Unlock it with: client unlock ./3\n' +
        'Note: ann\\n asks you to unlock a b: "at "noon"" (TIME). Unlock it with: client unlock \'a b\'\n',
    );
  });
});

describe('lock --notify', () => {
  it('passes it on, and says in JSON whether he is told', async () => {
    const api = fakeApi(['x']);
    const asked: unknown[] = [];
    const error = { code: 'locked' as const, message: '"x" is locked by bob.', hint: '' };
    api.lock = async (_targets, options) => {
      asked.push(options);
      return [{ path: 'x', changed: false, error, notify: true }];
    };
    const { code, out } = await run(['--json', 'lock', 'x', '--notify'], { api });
    expect([code, json(out)]).toMatchObject([3, [{ path: 'x', changed: false, notify: true }]]);
    expect(asked).toEqual([{ notify: true }]);
  });

  it('does not go together with --wait', async () => {
    expect(await run(['lock', 'a.txt', '--notify', '--wait'])).toMatchObject({
      code: 2,
      err: '--wait stands in line, and --notify does not. Give one of them.\n',
    });
  });

  it('is told at the next command, with who has it since', async () => {
    const api = fakeApi(['a.txt']);
    const free = { path: 'a.txt', reason: 'free', by: 'ann', time: '2026-11-21T14:03:22.118Z' } as const;
    api.notices = async () => [free, { ...free, holder: 'cyd' }];
    const { err } = await run(['locks'], { api });
    expect(err.replaceAll(/2026[^)]*/g, 'TIME')).toBe(
      'Note: a.txt is free (since TIME). Lock it with: client lock a.txt\n' +
        'Note: a.txt was free (TIME), and cyd has locked it since.\n',
    );
  });

  it('is over with an unlock, which says so', async () => {
    const api = fakeApi(['a.txt']);
    api.unlock = async () => [{ path: 'a.txt', changed: false, notify: false }];
    expect((await run(['unlock', 'a.txt'], { api })).out).toBe(
      'Nobody holds a lock on a.txt: there is nothing to unlock. You are no longer told when it is free.\n',
    );
  });
});

describe('the other commands', () => {
  it('locks', async () => {
    const api = fakeApi(['a.txt', 'bobs.txt']);
    expect((await run(['locks'], { api })).out).toBe('No file is locked.\n');
    await api.lock([{ path: 'a.txt' }, { path: 'bobs.txt' }]);
    expect(json((await run(['locks', '--json'], { api })).out)[0].locks).toHaveLength(2);
    const mine = json((await run(['locks', '--mine', '--json', '--as', 'bob'], { api })).out)[0].locks;
    expect(mine).toMatchObject([{ path: 'bobs.txt' }]);
    expect((await run(['locks', '--mine', '--as', 'eve'], { api })).out).toBe('You hold no lock.\n');
  });

  it('held', async () => {
    const calls: unknown[] = [];
    const api = fakeApi(['a.txt'], calls);
    expect((await run(['held'], { api })).out).toBe('No update is held.\n');
    expect(JSON.parse((await run(['--json', 'held', '0'], { api })).out)).toEqual({ held: [] });
    expect((await run(['held', '5'], { api, shown: memory(['a.txt']) })).code).toBe(4);
    expect(calls.filter((call) => (call as unknown[])[0] === 'held')).toEqual([
      ['held', undefined],
      ['held', { index: 0 }],
    ]);
  });

  it('held refuses what is no file, but not what a lock or an update is left of', async () => {
    const api = fakeApi(['a.txt', 'docs/x']);
    for (const target of ['a.txt', 'a*', 'docs', '0']) expect((await run(['held', target], { api })).code).toBe(0);
    for (const target of ['no.txt', 'no*']) {
      expect(await run(['held', target], { api })).toMatchObject({
        code: 4,
        err: expect.stringContaining('client list'),
      });
    }
    const gone = await run(['held', '1'], { api, shown: memory(['a.txt', 'gone.txt']) });
    expect(gone).toMatchObject({ code: 4, err: expect.stringMatching(/^Number 1 was "gone\.txt"/) });
    api.locks = async () => ({ locks: [{ ...lockRowOf('ann'), path: 'no.txt', held: 0, waiting: [] }] });
    expect(await run(['held', './no.txt'], { api })).toMatchObject({ code: 0, out: 'No update is held for no.txt.\n' });
  });

  it('status, flush, rescan, pause, resume', async () => {
    const calls: unknown[] = [];
    const api = fakeApi([], calls);
    expect(JSON.parse((await run(['status', '--json'])).out)).toMatchObject({ state: 'in-sync', problems: [] });
    expect(await run(['flush', '--timeout', '5s', '--json'], { api })).toMatchObject({
      code: 0,
      out: '{"flushed":true,"held":0,"problems":0}\n',
    });
    expect((await run(['rescan', '--json'])).out).toBe('{"rescanning":true}\n');
    expect((await run(['pause', '--json'])).out).toBe('{"changed":true}\n');
    expect((await run(['resume', '--accept-deletes'], { api })).out).toBe('Resumed.\n');
    await run(['resume'], { api });
    await run(['resume', '--new-partner', '--accept-rollback'], { api });
    expect(calls).toEqual([
      ['flush', { timeoutMs: 5000 }],
      ['resume', { acceptDeletes: true }],
      ['resume', {}],
      ['resume', { newPartner: true, acceptRollback: true }],
    ]);
  });

  it.each<[number, Partial<Status>]>([
    [0, {}],
    [0, { state: 'syncing' }],
    [0, { held: 2, conflicts: 1 }],
    [1, { state: 'scanning' }],
    [1, { state: 'paused', paused: { by: 'ann', since: '2026-11-21T14:03:22.118Z' } }],
    [1, { problems: [{ path: 'x', code: 'io-error', message: 'm' }] }],
    [6, { state: 'peer-lost', peer: { address: 'x:1', connected: false } }],
    [6, { state: 'paused', peer: { address: 'x:1', connected: false } }],
    [8, { state: 'halted', peer: { address: 'x:1', connected: false } }],
  ])('status --check exits %i for %j', async (code, more) => {
    const api = fakeApi([]);
    api.status = async () => ({ ...(await fakeApi([]).status()), ...more });
    const text = await run(['status', '--check'], { api });
    expect([text.code, text.out.split('\n').length]).toEqual([code, 2]);
    const asJson = await run(['status', '--check', '--json'], { api });
    expect([asJson.code, JSON.parse(asJson.out)]).toEqual([code, await api.status()]);
    expect((await run(['status'], { api })).code).toBe(0);
  });

  it('flush says that server-b is away, at first and when the time is over', async () => {
    const api = fakeApi([]);
    api.status = async () => ({ ...(await fakeApi([]).status()), peer: { address: 'x:1', connected: false } });
    api.flush = () => Promise.reject(new SyncError('timeout', 'Late.'));
    const { code, err } = await run(['flush'], { api });
    expect(code).toBe(1);
    expect(err).toMatch(
      /^Server-b is away; waiting for it\. .*\nServer-b is away \(x:1 does not answer\): .*server-b.*\n$/,
    );
    const { code: alike, out } = await run(['flush', '--json'], { api });
    expect(alike).toBe(1);
    expect(json(out)).toMatchObject([{ error: { code: 'timeout', hint: expect.stringContaining('server-b') } }]);
    api.status = fakeApi([]).status;
    expect((await run(['flush'], { api })).err).toBe('Late.\n');
  });

  it('watch ends with 6 when the server goes, and with 130 when it is interrupted', async () => {
    const gone = await run(['watch', '--json']);
    expect(json(gone.out)[0]).toEqual({
      time: '2026-11-21T14:03:22.118Z',
      run: 'abc',
      id: 7,
      event: 'resumed',
      by: null,
    });
    expect(gone.code).toBe(6);
    expect(await run(['watch'], { signal: AbortSignal.abort() })).toMatchObject({ code: 130, err: '' });
  });

  it.each([
    ['118', 118],
    ['0', 0],
    ['3f2a:7', { run: '3f2a', id: 7 }],
  ])('watch --since %s goes on there', async (text, since) => {
    const calls: unknown[] = [];
    const { out } = await run(['watch', '--since', text], { api: fakeApi([], calls), terminal: true });
    expect(calls).toEqual([['watch', since]]);
    expect(out).toMatch(/resumed\n$/);
  });

  it.each(['', 'x', '-1', '1.5', ':7', '3f2a:', '3F:7', '1:2:3', '9'.repeat(16)])(
    'watch --since %j is refused',
    async (text) => {
      const { code, err } = await run(['watch', `--since=${text}`]);
      expect([code, err]).toEqual([
        2,
        expect.stringMatching(/^--since takes RUN:ID or ID, not ".*--json shows it\.\n$/),
      ]);
    },
  );
});

describe('refusals', () => {
  it.each([
    [['lisst'], 'There is no command "lisst". Did you mean "client list"?\n'],
    [['request'], 'There is no command "request". Did you mean "client ask"?\n'],
    [['undo'], 'There is no command "undo". Did you mean "client restore"?\n'],
    [['ls'], 'There is no command "ls". Did you mean "client list"?\n'],
    [['stat'], 'There is no command "stat". Did you mean "client status"?\n'],
    [['help', 'nosuch'], 'There is no command "nosuch". See what there is with: client --help\n'],
    [['help', 'unlok'], 'There is no command "unlok". Did you mean "client unlock"?\n'],
    [['lock'], 'Missing required argument \'target\'. Try "client lock --help".\n'],
    [['lock', '--seize', 'x'], /^Unknown option '--seize'.*\n$/],
    [
      ['lock', '-dash.txt'],
      /^Unknown option '-dash\.txt'\. For a file of that name write \.\/-dash\.txt, or -- before it\. Try "client lock --help"\.\n$/,
    ],
    [['rm', '-r.txt'], /^Unknown option '-\.txt'\. .* \.\/-r\.txt, .*"client delete --help"/],
    [['lock', '-music.txt'], /^Missing required argument 'target'\. .* \.\/-music\.txt, /],
    [['status', '-x'], 'Unknown option \'-x\'. Try "client status --help".\n'],
    [['--no-such-flag'], /^Unknown option '--no-such-flag'.*\n$/],
    [['frobnicate', 'x'], 'There is no command "frobnicate". See what there is with: client --help\n'],
    [['lock', 'a.txt', '--side', 'c'], '--side takes a or b, not "c".\n'],
    [['flush', '--timeout', 'soon'], /^--timeout takes a duration/],
    [['--color', 'blue'], /^Option '--color <when>' argument 'blue' is invalid.*\n$/],
    [['--server', 'x:y'], /^--server: "x:y" is not an address/],
    [['--as', ' '], /^--as takes a name/],
    [['completion', 'tcsh'], /^There is no completion for "tcsh"/],
  ])('client %j: exit 2 and one line', async (args, text) => {
    const { code, out, err } = await run(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    if (typeof text === 'string') expect(err).toBe(text);
    else expect(err).toMatch(text);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('names the variable that is wrong', async () => {
    expect((await run(['list'], { env: { LOCKSTEP_SERVER: 'zz' } })).err).toMatch(/^LOCKSTEP_SERVER: /);
    expect((await run(['lock', '0'], { env: { LOCKSTEP_SIDE: 'zz' } })).err).toMatch(/^LOCKSTEP_SIDE /);
  });

  it('says an unreachable server in words of the command line, in both forms', async () => {
    const connect = () =>
      Promise.reject(new SyncError('unreachable', 'Cannot reach server-a at 127.0.0.1:8080: connection refused.'));
    expect(await run([], { connect })).toEqual({
      code: 6,
      out: '',
      err: 'Cannot reach server-a at 127.0.0.1:8080: connection refused. Start it with "server-a" (and server-b with "server-b"), or both with "lockstep up DIR_A DIR_B"; or name another with --server HOST:PORT.\n',
    });
    const { out, err } = await run(['status', '--json'], { connect });
    expect(err).toBe('');
    expect(JSON.parse(out)).toMatchObject({
      error: { code: 'unreachable', message: expect.any(String), hint: expect.any(String) },
    });
  });

  it('never shows a stack', async () => {
    const connect = () => Promise.reject(new TypeError('x is not a function'));
    expect(await run([], { connect })).toMatchObject({
      code: 1,
      err: 'Something went wrong that should not: x is not a function.\n',
    });
  });

  it('prints help and version on stdout', async () => {
    expect(await run(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    for (const word of ['list', 'unlock', 'LOCKSTEP_SERVER', 'Examples']) expect(out).toContain(word);
    expect(out).not.toContain('__complete');
  });

  it('takes global options after the command', async () => {
    const asked: unknown[] = [];
    const connect = async (server: unknown, user: unknown) => {
      asked.push(server, user);
      return fakeApi([]);
    };
    await run(['list', '--server', 'localhost:9', '--as', 'eve', '--json'], { connect });
    expect(asked).toEqual([{ host: 'localhost', port: 9 }, 'eve']);
  });
});
