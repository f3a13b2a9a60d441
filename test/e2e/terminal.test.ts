// What people see: the client on a terminal of its own.
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PairOfPrograms, project, putWhole, textOf } from '../support/programs.js';
import { noTerminal, type Size, TerminalProgram } from '../support/terminal.js';

let pair: PairOfPrograms;
let program: TerminalProgram | null = null;
beforeEach(() => {
  pair = new PairOfPrograms();
});
afterEach(async () => {
  program?.kill('SIGKILL');
  program = null;
  await pair.close();
});

const client = (words: readonly string[], size?: Size): TerminalProgram => {
  const server = ['--server', `127.0.0.1:${pair.portA}`, '--as', 'ann'];
  program = new TerminalProgram([path.join(project, 'bin', 'client'), ...server, ...words], pair.env, size);
  return program;
};

/** How the terminal is given back: wrapping, the cursor, the normal screen. */
const GIVEN_BACK = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const title = (text: string) => (noTerminal === null ? text : `${text} (skipped: ${noTerminal})`);

describe.skipIf(noTerminal !== null)(title('watch'), () => {
  test.each([
    { columns: 80, rows: 24 },
    { columns: 40, rows: 10 },
  ])('shows what happens in $columns×$rows, finds server-a again, and gives the terminal back at q', async (size) => {
    putWhole(pair.a, '图纸/封面.psd', 'x');
    await pair.start();
    const watch = client(['watch'], size);
    await watch.sees('1 file');
    await pair.client('--as', 'bob\u001b[31m', 'lock', '图纸/封面.psd');
    await watch.sees('locks 1');
    await watch.sees('封面.psd');
    await watch.sees('bob\\u001b');
    await pair.serverA.stop();
    await watch.sees('server-a is gone since');
    await pair.startA();
    await pair.serverA.wait('in-sync');
    const back = await watch.sees('server-a is back');
    putWhole(pair.b, 'new 🎉.txt', 'y');
    await watch.sees('new 🎉.txt', back);
    watch.type('q');
    expect(await watch.ended).toBe(0);
    expect(watch.text).toContain(GIVEN_BACK);
  });

  test.each([['Ctrl-C', '\u0003']])('gives the terminal back at %s, and exits 130', async (_, key) => {
    await pair.start();
    const watch = client(['watch']);
    await watch.sees('In sync');
    watch.type(key);
    expect(await watch.ended).toBe(130);
    expect(watch.text.indexOf(GIVEN_BACK)).toBeGreaterThan(0);
  });

  test('says where it looked when there is no server, on the normal screen', async () => {
    pair.portA = 1;
    const watch = client(['watch']);
    expect(await watch.ended).toBe(6);
    expect(watch.text).not.toContain('\u001b[?1049h');
    expect(watch.text).toContain('npx server-a');
  });
});

describe.skipIf(noTerminal !== null)(title('menu'), () => {
  test.each([
    { columns: 80, rows: 24 },
    { columns: 40, rows: 10 },
  ])('locks what was picked by a part of its name, explains refusals, and ends, in $columns×$rows', async (size) => {
    putWhole(pair.a, '图纸/封面 🎉.psd', 'x');
    putWhole(pair.a, 'bobs.txt', 'y');
    await pair.start();
    await pair.client('--as', 'bob', 'lock', 'bobs.txt');
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
    menu.type('bobs');
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
  });

  test('acts on nothing that was not picked, and says which file it is about to rename', async () => {
    putWhole(pair.a, 'art.txt', 'x');
    putWhole(pair.a, 'pack.txt', 'y');
    await pair.start();
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
    menu.type('.bak\r');
    at = await menu.sees('Rename pack.txt to pack.txt.bak?', at);
    menu.type('n');
    at = await menu.sees('Nothing was changed.', at);
    at = await menu.sees('Type a number:', at);
    menu.type('8\r');
    expect(await menu.ended).toBe(0);
    expect(textOf(pair.a, 'pack.txt')).toBe('y');
  });
});

describe.skipIf(noTerminal !== null)(title('shell'), () => {
  test('completes names at Tab, and has the lines of earlier shells at the up arrow', async () => {
    putWhole(pair.a, 'my cover.psd', 'x');
    putWhole(pair.a, 'other.txt', 'y');
    await pair.start();
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
