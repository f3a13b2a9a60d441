import { describe, expect, it } from 'vitest';
import { fakeApi, run } from '../fake-context.js';

const shell = (stdin: string, paths = ['a.txt', 'b.txt']) => run(['shell'], { stdin, api: fakeApi(paths) });

describe('shell', () => {
  it("takes the classroom's lines", async () => {
    const { code, out, err } = await shell('server\nserver lock 1\nserver unlock 1\n');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^#.*\n0 {2}a\.txt.*\n1 {2}b\.txt.*\nLocked b\.txt .*\nUnlocked b\.txt\.\n$/);
  });

  it('takes every other spelling, quotes, and the last line without its end', async () => {
    const { code, out } = await shell('client -lock -0\nlock "my file"\n\n# a remark\nlocks --json', ['a', 'my file']);
    expect(code).toBe(0);
    expect(out).toMatch(/^Locked a .*\nLocked my file .*\n{"locks":\[.*\]}\n$/);
  });

  it('takes lines as hints have them', async () => {
    const { out, err } = await shell('lockstep lock a.txt\nnpx client unlock a.txt\nlockstep\n');
    expect([out, err]).toEqual([expect.stringMatching(/^Locked a\.txt .*\nUnlocked a\.txt\.\n#.*\n0 /), '']);
  });

  it('says what is wrong and goes on', async () => {
    const { code, out, err } = await shell('lisst\nlock 9\nlock "x\nshell\nlock a.txt\n');
    expect(code).toBe(0);
    expect(out).toMatch(/^Locked a\.txt /);
    expect(err.trim().split('\n')).toHaveLength(4);
  });

  it('means the listing last shown in it by a number', async () => {
    const paths = ['a.txt', 'b.txt'];
    const api = fakeApi(paths);
    const list = api.list;
    api.list = async () => {
      const listing = await list();
      paths.unshift('0.txt'); // somebody adds a file after the listing was made
      return listing;
    };
    const { out } = await run(['shell'], { stdin: 'list\nlock 1\n', api });
    expect(out).toMatch(/Locked b\.txt /);
  });

  it.each(['quit', 'exit'])('ends at %s', async (word) => {
    expect((await shell(`${word}\nlock a.txt\n`)).out).toBe('');
  });

  it('helps', async () => {
    expect((await shell('help\n')).out).toContain('server lock 3');
    expect((await shell('help lock\n')).out).toContain('--message');
  });

  it("lets a line's own options win over the shell's", async () => {
    const users: string[] = [];
    const connect = async (_: unknown, user: string) => {
      users.push(user);
      return fakeApi([]);
    };
    await run(['--as', 'ann', 'shell'], { stdin: 'list\nlist --as bob\n', connect });
    expect(users).toEqual(['ann', 'bob']);
  });
});
