// What is put beside a document that is locked on the other side: its name, its bytes, that the program takes it for
// somebody else's, and that Lockstep knows it again, whatever the names in it.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { isOwnerFileName, type OwnerFormat } from '../../../src/core/owner-files/applications.js';
import { matchOwnerFiles } from '../../../src/core/owner-files/match.js';
import { isOutward, type OutwardOwnerFile, outwardOwnerFiles } from '../../../src/core/owner-files/outward.js';
import { parseOwner } from '../../../src/core/owner-files/owner.js';
import { propertyMs, replay, runs } from '../../support/core/random.js';

const since = new Date(2026, 10, 5, 9, 7);
const alice = { user: 'alice', host: 'pc-7', since };

const textOf = ({ content }: OutwardOwnerFile) =>
  'link' in content ? `→ ${content.link}` : Buffer.from(content).toString();
const bytesOf = ({ content }: OutwardOwnerFile) => ('link' in content ? Buffer.from(content.link) : content);
const madeFor = (document: string, holder = alice) =>
  outwardOwnerFiles(document, holder).map((one) => [one.name, textOf(one)]);

const LIBRE = 'alice (pc-7),lockstep:alice,pc-7 (Lockstep),05.11.2026 09:07,lockstep:outward;';
const EMACS = '→ alice@pc-7 (Lockstep).0';
const KICAD = '{"hostname":"pc-7 (Lockstep)","username":"alice"}';

test.each([
  ['report.odt', '.~lock.report.odt#', LIBRE],
  ['REPORT.DOCX', '.~lock.REPORT.DOCX#', LIBRE],
  ['budget.xls', '.~lock.budget.xls#', LIBRE],
  ['list.csv', '.~lock.list.csv#', LIBRE],
  ['plate.kicad_pcb', '~plate.kicad_pcb.lck', KICAD],
  ['plate.kicad_pro', '~plate.kicad_pro.lck', KICAD],
  ['ship.3dm', 'ship.3dm.rhl', 'alice\r\npc-7 (Lockstep)\r\n'],
  ['notes.txt', '.#notes.txt', EMACS],
  ['main.TS', '.#main.TS', EMACS],
  ['Makefile', '.#Makefile', EMACS],
])('%s: %s', (document, name, text) => {
  expect(madeFor(document)).toEqual([[name, text]]);
  // It is an owner file like those of the program: never synchronised, and of this document.
  expect(isOwnerFileName(name)).toBe(true);
  expect(matchOwnerFiles([name, document])).toMatchObject([{ name, documents: [document] }]);
});

test.each([
  'plan.dwg',
  'photo.psd',
  'tower.rvt',
  'film.prproj',
  'no extension',
  '.odt',
  '',
  '~$report.docx',
  '.#notes.txt',
  `${'x'.repeat(244)}.odt`,
  `${'ä'.repeat(122)}.odt`,
])('nothing beside %j', (document) => {
  expect(madeFor(document)).toEqual([]);
});

test('the longest name that a file system takes', () => {
  const [made] = outwardOwnerFiles(`${'x'.repeat(243)}.odt`, alice);
  expect(Buffer.byteLength(made!.name)).toBe(255);
});

test.each([
  ['report.odt', { user: 'Smith, Al;ice\\', host: 'a,b' }, /^Smith\\, Al\\;ice\\\\ \(a\\,b\),lockstep:/],
  ['report.odt', { user: '', host: '' }, /^somebody \(another host\),lockstep:somebody,another host \(Lockstep\),/],
  ['report.odt', { user: 'two\nlines\0', host: ' \t' }, /^two lines \(another host\),/],
  ['notes.txt', { user: 'a@b', host: 'c@d.e' }, /^→ a@b@c d\.e \(Lockstep\)\.0$/],
  ['ship.3dm', { user: 'two\r\nlines', host: 'pc\n7' }, /^two {2}lines\r\npc 7 \(Lockstep\)\r\n$/],
  ['plate.kicad_sch', { user: '"\ud83d', host: 'x' }, /^\{"hostname":"x \(Lockstep\)","username":"\\"\ufffd"\}$/],
  ['notes.txt', { user: 'u'.repeat(500), host: 'h'.repeat(500) }, /^→ u{60}@h{60} \(Lockstep\)\.0$/],
])('%s of %j', (document, holder, text) => {
  expect(textOf(outwardOwnerFiles(document, { ...holder, since })[0]!)).toMatch(text);
});

test.each<[OwnerFormat, string]>([
  ['libreoffice', 'Alice,alice,pc-7,05.11.2026 09:07,file:///home/alice/.config/libreoffice/4;'],
  ['libreoffice', ''],
  ['emacs', 'alice@pc-7.3959:1796083200'],
  ['emacs', 'x'],
  ['kicad', '{"hostname":"pc-7","username":"alice (Lockstep)"}'],
  ['user-and-host', 'alice\r\nLockstep\r\n'],
  ['vim', ''],
  ['unknown', 'pc-7 (Lockstep)'],
])('%s: %j is none', (format, text) => {
  expect(isOutward(format, Buffer.from(text))).toBe(false);
});

describe(`random holders (${replay})`, () => {
  const name = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.string({
      unit: fc.constantFrom('a', '@', '.', ',', ';', '\\', ' ', '\n', '\0', '"', '(', '😀', '1', ':'),
      maxLength: 80,
    }),
  );
  const document = fc.constantFrom('report.odt', 'plate.kicad_pcb', 'ship.3dm', 'notes.txt');

  it(
    'are known again, and are never the owner that a program is itself',
    () => {
      fc.assert(
        fc.property(document, name, name, (document, user, host) => {
          const [made] = outwardOwnerFiles(document, { user, host, since });
          const { format } = matchOwnerFiles([made!.name, document])[0]!;
          expect(isOutward(format, bytesOf(made!))).toBe(true);
          const owner = parseOwner(format, bytesOf(made!));
          expect(owner).toMatchObject({ pid: null, boot: null });
          expect(owner!.host).not.toBe(host);
          expect(owner!.user).not.toBe(null);
          expect(bytesOf(made!).length).toBeLessThan(1_000);
          if (format === 'emacs') expect(textOf(made!)).not.toMatch(/[\0\n]/);
        }),
        runs(600),
      );
    },
    propertyMs,
  );
});
