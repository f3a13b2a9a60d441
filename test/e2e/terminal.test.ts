// What people see: the client on a terminal of its own.
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PairOfPrograms, project, putWhole, textOf } from '../support/programs.js';
import { some } from '../support/sizes.js';
import { noTerminal, type Size, TerminalProgram } from '../support/terminal.js';

// One pair for all: each test has files of its own.
let pair: PairOfPrograms;
let program: TerminalProgram | null = null;
beforeAll(async () => {
  pair = new PairOfPrograms('here if short');
  await pair.start();
});
afterEach(() => {
  program?.end();
  program = null;
});
afterAll(() => pair.close());

/** Makes a file of this name, on both sides. */
const put = async (name: string, content: string): Promise<void> => {
  putWhole(pair.a, name, content);
  await pair.flush();
};

const client = (words: readonly string[], size?: Size, port = pair.portA): TerminalProgram => {
  const server = ['--server', `127.0.0.1:${port}`, '--as', 'ann'];
  program = new TerminalProgram([path.join(project, 'bin', 'client'), ...server, ...words], pair.env, size);
  return program;
};

/** How the terminal is given back: wrapping, the cursor, the normal screen. */
const GIVEN_BACK = '\u001b[?7h\u001b[?25h\u001b[?1049l';
/** The short form has the one that leaves little room. */
const SIZES: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 40, rows: 10 },
];
const title = (text: string) => (noTerminal === null ? text : `${text} (skipped: ${noTerminal})`);

describe.skipIf(noTerminal !== null)(title('watch'), () => {
  test.each(some(SIZES, 1))(
    'shows what happens in $columns×$rows, finds server-a again, and gives the terminal back at q',
    async (size) => {
      const name = `图纸/${size.columns}.psd`;
      await put(name, 'x');
      const watch = client(['watch'], size);
      await watch.sees(' file');
      await pair.client('--as', 'bob\u001b[31m', 'lock', name);
      await watch.sees('locks 1');
      await watch.sees(`${size.columns}.psd`);
      await watch.sees('bob\\u001b');
      await pair.serverA.stop();
      await watch.sees('server-a is gone since');
      await pair.startA();
      await pair.serverA.wait('in-sync');
      const back = await watch.sees('server-a is back');
      putWhole(pair.b, `new 🎉 ${size.columns}.txt`, 'y');
      await watch.sees(`new 🎉 ${size.columns}.txt`, back);
      watch.type('q');
      expect(await watch.ended).toBe(0);
      expect(watch.text).toContain(GIVEN_BACK);
      await pair.client('unlock', '--force', name);
    },
  );

  test.each([['Ctrl-C', '\u0003']])('gives the terminal back at %s, and exits 130', async (_, key) => {
    const watch = client(['watch']);
    await watch.sees('In sync');
    watch.type(key);
    expect(await watch.ended).toBe(130);
    expect(watch.text.indexOf(GIVEN_BACK)).toBeGreaterThan(0);
  });

  test('says where it looked when there is no server, on the normal screen', async () => {
    const watch = client(['watch'], undefined, 1);
    expect(await watch.ended).toBe(6);
    expect(watch.text).not.toContain('\u001b[?1049h');
    expect(watch.text).toContain('"server-a"');
  });
});

describe.skipIf(noTerminal !== null)(title('menu'), () => {
  test.each(some(SIZES, 1))(
    'locks what was picked by a part of its name, explains refusals, and ends, in $columns×$rows',
    async (size) => {
      const bobs = `bobs-${size.columns}.txt`;
      await put('图纸/封面 🎉.psd', 'x');
      await put(bobs, 'y');
      await pair.client('--as', 'bob', 'lock', bobs);
      const menu = client(['menu'], size);
      let at = await menu.sees('Type a number:');
      menu.type('2\r');
      at = await menu.sees('Lock which file?', at);
      menu.type('封面');
      at = await menu.sees('1 match', at);
      menu.type('\r');
      at = await menu.sees('Locked 图纸/封面 🎉.psd for ann', at);
      at = await menu.sees('Type a number:', at);
      menu.type('2\r');
      at = await menu.sees('Lock which file?', at);
      menu.type(bobs);
      at = await menu.sees('1 match', at);
      menu.type('\r');
      at = await menu.sees('is locked by bob', at);
      at = await menu.sees('Type a number:', at);
      menu.type('3\r');
      at = await menu.sees('Unlock which file?', at);
      menu.type('\u0003');
      at = await menu.sees('Type a number:', at);
      menu.type('\u0003');
      expect(await menu.ended).toBe(130);
      expect(menu.text).not.toMatch(/\bat .*\.js:/);
      expect(textOf(pair.b, '图纸/封面 🎉.psd')).toBe('x');
      await pair.client('unlock', '--force', '图纸/封面 🎉.psd', bobs);
    },
  );

  test('acts on nothing that was not picked, and says which file it is about to rename', async () => {
    await put('art.txt', 'x');
    await put('pack.txt', 'y');
    const menu = client(['menu']);
    await menu.sees('Type a number:');
    menu.type('7\r');
    let at = await menu.sees('Rename which file?');
    menu.type('nowhere');
    at = await menu.sees('No matches found', at);
    menu.type('\r');
    at = await menu.sees('No file is picked', at);
    menu.type('\u0015pack');
    at = await menu.sees('1 match', at);
    menu.type('\r');
    at = await menu.sees('New path of pack.txt', at);
    menu.type('\u0015docs/\r');
    at = await menu.sees('Rename pack.txt to docs/pack.txt?', at);
    menu.type('n');
    at = await menu.sees('Nothing was changed.', at);
    at = await menu.sees('Type a number:', at);
    menu.type('6\r');
    at = await menu.sees('Delete which file?', at);
    menu.type('pack');
    at = await menu.sees('1 match', at);
    menu.type('\r');
    const asked = await menu.sees('Delete pack.txt on both sides?', at);
    menu.type('\u001b');
    at = await menu.sees('Nothing was changed.', asked);
    expect(menu.text.slice(asked, at)).not.toContain(`\u001b[9m`); // nothing is struck out
    expect(
      menu.text
        .slice(asked, at)
        .match(/Yes|No\b/g)
        ?.slice(-2),
    ).toEqual(['No', 'No']); // the choice, then the answer
    at = await menu.sees('Type a number:', at);
    menu.type('8\r');
    expect(await menu.ended).toBe(0);
    expect(textOf(pair.a, 'pack.txt')).toBe('y');
  });
});

describe.skipIf(noTerminal !== null)(title('shell'), () => {
  test('completes names at Tab, and has the lines of earlier shells at the up arrow', async () => {
    await put('my cover.psd', 'x');
    const shell = client(['shell']);
    let at = await shell.sees('> ');
    shell.type('lock my\t');
    at = await shell.sees('cover.psd', at);
    shell.type('\r');
    await shell.sees('Locked my cover.psd for ann', at);
    shell.type('quit\r');
    expect(await shell.ended).toBe(0);
    await pair.client('--as', 'ann', 'unlock', 'my cover.psd');
    const later = client(['shell']);
    at = await later.sees('> ');
    later.type('\u001b[A\u001b[A\r');
    at = await later.sees('Locked my cover.psd for ann', at);
    later.type('\u0004');
    expect(await later.ended).toBe(0);
  });
});
