// The archive on disk: what a restart reads from it.
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Store } from '../../../src/disk/state/store.js';
import { openArchive, unwritten } from '../../../src/sync/pair/archive.js';
import { dir, file, p } from '../../support/disk-site.js';
import { scanPath } from '../../support/session-fixture.js';
import { makeRoot } from '../../support/trees.js';

const place = () => {
  const said: string[] = [];
  const at = path.join(makeRoot('archive'), 'archive.log');
  return { at, said, open: () => openArchive(at, (text) => void said.push(text)) };
};

test('shared entries, the two roots, and accepted losses survive a restart', async () => {
  const { open, said } = place();
  const first = open();
  expect([first.pair.firstContact, first.pair.meta.get('roots')]).toEqual([false, null]);
  first.pair.agree(p('x'), file('x'));
  first.pair.agree(p('d'), dir());
  first.pair.meta.put('roots', 'a b');
  first.pair.meta.put('firstContact', true);
  await first.close();

  const second = open();
  const { pair } = second;
  expect([pair.shared(p('x')), pair.shared(p('d')), pair.meta.get('roots'), pair.firstContact]).toEqual([
    file('x'),
    dir(),
    'a b',
    true,
  ]);
  pair.endFirstContact();
  pair.agree(p('d'), null);
  await second.close();

  const third = open();
  expect([third.pair.firstContact, third.pair.shared(p('d')), third.pair.shared(p('x'))]).toEqual([
    false,
    null,
    file('x'),
  ]);
  await third.close();
  expect(said).toEqual([]);
});

test('a first contact forgets everything that was shared, also after a restart', async () => {
  const { open } = place();
  const first = open();
  for (const name of ['x', 'y']) first.pair.agree(p(name), file(name));
  first.pair.foldScan('a', scanPath('x:1', { whole: true }), 0);
  first.pair.clearMarks();
  first.pair.lockTable = { counter: () => 7 };
  first.pair.beginFirstContact();
  expect([first.pair.everythingMarked, first.pair.firstContact]).toEqual([true, true]);
  await first.close();
  const second = open();
  expect([second.pair.archive.root.children.size, second.pair.firstContact, second.pair.formerHeld]).toEqual([
    0,
    true,
    7,
  ]);
  await second.close();
});

test.each([
  [0, 0],
  [3, 3],
  [9, 7],
])(
  'where held updates were lost and %i is the last, those up to %i are of the former partner',
  async (last, former) => {
    const { open } = place();
    const first = open();
    first.pair.lockTable = { counter: () => 7 };
    first.pair.beginFirstContact();
    first.pair.lockTable = { counter: () => last };
    first.pair.limitFormerHeld();
    await first.close();
    const second = open();
    expect(second.pair.formerHeld).toBe(former);
    await second.close();
  },
);

test('its tables have the names that earlier versions gave them', async () => {
  const { at, open } = place();
  const { pair, close } = open();
  pair.agree(p('x'), file('x'));
  pair.meta.put('roots', 'a b');
  await close();
  const text = fs.readFileSync(at, 'utf8');
  for (const name of ['archive', 'meta']) expect(text).toContain(`"${name}"`);
});

test('a damaged archive counts as missing', async () => {
  const { at, open } = place();
  const first = open();
  first.pair.agree(p('x'), file('x'));
  await first.close();
  fs.writeFileSync(at, fs.readFileSync(at, 'utf8').replace(/./g, '?'));
  const second = open();
  expect(second.pair.shared(p('x'))).toBe(null);
  await second.close();
});

test('an archive that is not to be written is read, and stays as it was', async () => {
  const { at, open } = place();
  const first = open();
  first.pair.agree(p('x'), file('x'));
  first.pair.meta.put('roots', 'a b');
  await first.close();
  const before = fs.readFileSync(at, 'utf8');

  const shown = openArchive(at, () => {}, unwritten(Store.open));
  expect(shown.pair.shared(p('x'))).toEqual(file('x'));
  shown.pair.beginFirstContact();
  shown.pair.meta.put('roots', 'a c');
  shown.pair.flush();
  await shown.close();
  expect(fs.readFileSync(at, 'utf8')).toBe(before);

  const third = open();
  expect([third.pair.shared(p('x')), third.pair.meta.get('roots'), third.pair.firstContact]).toEqual([
    file('x'),
    'a b',
    false,
  ]);
  await third.close();
});
