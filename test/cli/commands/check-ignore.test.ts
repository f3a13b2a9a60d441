// Why a path is left out, as the client says it.
import { expect, test } from 'vitest';
import { fakeApi, run } from '../fake-context.js';

test('names the rule and its line, or says nothing and exits 1', async () => {
  expect(await run(['check-ignore', 'x.tmp'])).toEqual({ code: 0, out: '.lockstepignore:3: *.tmp  x.tmp\n', err: '' });
  expect(await run(['check-ignore', 'x.txt'])).toEqual({ code: 1, out: '', err: '' });
  expect(JSON.parse((await run(['check-ignore', 'x.txt', '--json'])).out)).toEqual({ path: 'x.txt', ignored: false });
});

test.each([
  [{ source: 'flag', rule: '*.o', side: 'b' }, '--ignore of server-b: *.o  x\n'],
  [{ source: 'flag', rule: '*.o', side: 'both' }, '--ignore of server-a and server-b: *.o  x\n'],
  [{ source: 'set', set: 'cad', rule: '*.sv$', side: 'a' }, '--ignore-set cad of server-a: *.sv$  x\n'],
  [{ source: 'built-in', rule: '~$*', side: 'both' }, 'built-in: ~$*  x\n'],
] as const)('%j', async (more, out) => {
  const api = { ...fakeApi([]), checkIgnore: async () => ({ path: 'x', ignored: true, ...more }) };
  expect((await run(['check-ignore', 'x'], { api })).out).toBe(out);
});
