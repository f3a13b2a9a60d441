import { describe, expect, it } from 'vitest';
import { SyncError } from '../../src/core/errors.js';
import { fakeApi, run } from './fake-room.js';

const menu = (stdin: string, paths = ['a.txt', 'b.txt'], calls: unknown[] = []) =>
  run(['menu'], { stdin, api: fakeApi(paths, calls) });

describe('the menu, driven by lines', () => {
  it('lists, locks and unlocks by number and by name, and ends at quit', async () => {
    const { code, out, err } = await menu('1\n2\n1\n3\nb.txt\nlock\na.txt\n8\n2\n0\n');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const said = out.split('\n').filter((line) => /^(#|Locked|Unlocked)/.test(line));
    expect(said).toEqual([
      expect.stringMatching(/^# +name/),
      expect.stringMatching(/^Locked b\.txt /),
      'Unlocked b.txt.',
      expect.stringMatching(/^Locked a\.txt /),
    ]);
    expect(out.match(/8 quit/g)).toHaveLength(5);
  });

  it.each(['8', 'quit', 'q', 'exit'])('ends at %s', async (word) => {
    expect((await menu(`${word}\n1\n`)).out).not.toContain('#');
  });

  it.each(['', '2\n', '7\na.txt\n', '4\n'])('ends quietly where the input ends, after %j', async (stdin) => {
    expect(await menu(stdin)).toMatchObject({ code: 0, err: '' });
  });

  it('explains what it was not asked, and goes on', async () => {
    const { code, out, err } = await menu('9\nnonsense\n\n2\nmissing\n2\n\n2\nb.txt\n');
    expect(code).toBe(0);
    expect(err.trim().split('\n')).toEqual([
      'The menu has no "9". Type a number from 1 to 8.',
      'The menu has no "nonsense". Type a number from 1 to 8.',
      'There is no file missing.',
    ]);
    expect(out).toMatch(/Locked b\.txt /);
  });

  it('goes on when the server is away', async () => {
    const connect = () => Promise.reject(new SyncError('unreachable', 'Cannot reach it.'));
    const { code, err } = await run(['menu'], { stdin: '1\n2\n0\n8\n', connect });
    expect(code).toBe(0);
    expect(err.match(/Cannot reach it/g)).toHaveLength(2);
  });
});
