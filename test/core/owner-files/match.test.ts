// Which documents an owner file belongs to: a table of names, and random directories beside an oracle that goes from each
// document to all names that its owner files can have.
import fc from 'fast-check';
import { describe, expect, it, test, vi } from 'vitest';
import { APPLICATIONS, isOwnerFileName } from '../../../src/core/owner-files/applications.js';
import { matchOwnerFiles } from '../../../src/core/owner-files/match.js';
import { propertyMs, replay, runs } from '../../support/core/random.js';

const found = (...names: string[]) =>
  matchOwnerFiles(names).map(({ name, app, documents }) => [name, app, ...documents]);

test.each<[owner: string, app: string, document: string]>([
  ['~$a.docx', 'Word', 'a.docx'],
  ['~$abcdef.docx', 'Word', 'abcdef.docx'],
  ['~$bcdefg.docx', 'Word', 'abcdefg.docx'],
  ['~$cdefgh.docx', 'Word', 'abcdefgh.docx'],
  ['~$cdefghi.docx', 'Word', 'abcdefghi.docx'],
  ['~$.c.d.f.docx', 'Word', 'ab.c.d.f.docx'],
  ['~$port of May.DOC', 'Word', 'report of May.DOC'],
  ['~$tter to all.rtf', 'Word', 'letter to all.rtf'],
  ['~$port of May.odt', 'Word', 'report of May.odt'],
  ['~$😀cdef.docx', 'Word', 'ab😀cdef.docx'],
  ['~$😀bcde.docx', 'Word', 'a😀bcde.docx'],
  ['~$abcdef.docx', 'Word', '😀abcdef.docx'],
  ['~$long budget.xlsx', 'Excel', 'long budget.xlsx'],
  ['~$long budget.xlsm', 'Excel', 'long budget.xlsm'],
  ['~$long budget.ods', 'Excel', 'long budget.ods'],
  ['~$many slides.pptx', 'PowerPoint', 'many slides.pptx'],
  ['~$many slides.ppt', 'PowerPoint', 'many slides.ppt'],
  ['~$many slides.odp', 'PowerPoint', 'many slides.odp'],
  ['.~lock.report.odt#', 'LibreOffice', 'report.odt'],
  ['.~lock.report.xls#', 'LibreOffice', 'report.xls'],
  ['.~lock.no extension#', 'LibreOffice', 'no extension'],
  ['.~lock.a#b##', 'LibreOffice', 'a#b#'],
  ['.~eport.docx', 'WPS Office', 'report.docx'],
  ['.~port.docx', 'WPS Office', 'report.docx'],
  ['plan.dwl', 'AutoCAD', 'plan.dwg'],
  ['plan.dwl2', 'AutoCAD', 'plan.dwg'],
  ['plan.DWL', 'AutoCAD', 'plan.DWG'],
  ['plan.v2.dwl', 'AutoCAD', 'plan.v2.dwg'],
  ['~book~k2j9x_(.idlk', 'InDesign', 'book.indd'],
  ['~a~b~k2j9x_(.idlk', 'InDesign', 'a~b.indd'],
  ['~story~k2j9x_(.idlk', 'InDesign', 'story.icml'],
  ['film.prlock', 'Premiere Pro', 'film.prproj'],
  ['logo.af~lock~', 'Affinity', 'logo.af'],
  ['logo.afdesign~lock~', 'Affinity', 'logo.afdesign'],
  ['ship.3dm.rhl', 'Rhino', 'ship.3dm'],
  ['ship.3dmrhl', 'Rhino', 'ship.3dm'],
  ['~plate.kicad_pcb.lck', 'KiCad', 'plate.kicad_pcb'],
  ['~plate.kicad_sch.lck', 'KiCad', 'plate.kicad_sch'],
  ['~plate.kicad_pro.lck', 'KiCad', 'plate.kicad_pro'],
  ['house.pln.lck', 'Archicad', 'house.pln'],
  ['stage.vwx.lck', 'Vectorworks', 'stage.vwx'],
  ['mould.top.lck', 'TopSolid', 'mould.top'],
  ['~board.pcb', 'CADSTAR', 'board.pcb'],
  ['.notes.txt.swp', 'Vim', 'notes.txt'],
  ['.notes.txt.swo', 'Vim', 'notes.txt'],
  ['.notes.txt.swa', 'Vim', 'notes.txt'],
  ['.notes.txt.svz', 'Vim', 'notes.txt'],
  ['.notes.txt.saa', 'Vim', 'notes.txt'],
  ['.profile.swp', 'Vim', '.profile'],
  ['.profile.swp', 'Vim', 'profile'],
  ['.#notes.txt', 'Emacs', 'notes.txt'],
  ['.##x', 'Emacs', '#x'],
  ['.~lock.two\nlines.odt#', 'LibreOffice', 'two\nlines.odt'],
])('%j is of %s, for %j', (owner, app, document) => {
  expect(found('other.txt', owner, document, 'x.docx')).toEqual([[owner, app, document]]);
});

test.each<[it: string, names: string[], result: string[][]]>([
  ['nothing', [], []],
  ['no document here', ['~$port.docx', 'y.docx'], [['~$port.docx', 'Word']]],
  ['another extension', ['~$abc.docx', 'abc.doc'], [['~$abc.docx', 'Word']]],
  ['Excel makes none for .xls', ['~$budget.xls', 'budget.xls'], []],
  ['a program that is not in the table', ['~$part.sldprt', 'part.sldprt'], []],
  ['a longer name that contains the rest', ['~$cd.docx', 'abcd.docx', 'xcd.docx'], [['~$cd.docx', 'Word']]],
  ['cut by one only where seven', ['~$bcdef.docx', 'abcdef.docx'], [['~$bcdef.docx', 'Word']]],
  [
    'two documents of one owner file',
    ['xbcdefgh.docx', '~$cdefgh.docx', 'abcdefgh.docx', 'cdefghi.docx'],
    [['~$cdefgh.docx', 'Word', 'xbcdefgh.docx', 'abcdefgh.docx']],
  ],
  [
    'names of six, seven and eight that meet',
    ['~$cdefgh.docx', 'cdefgh.docx', 'bcdefgh.docx', 'abcdefgh.docx', 'zabcdefgh.docx'],
    [['~$cdefgh.docx', 'Word', 'cdefgh.docx', 'bcdefgh.docx', 'abcdefgh.docx']],
  ],
  [
    'half a character is cut off',
    ['~$\ufffdabcde.docx', '~$abcde.docx', '😀abcde.docx', 'a😀abcde.docx'],
    [
      ['~$\ufffdabcde.docx', 'Word'],
      ['~$abcde.docx', 'Word'],
    ],
  ],
  ['x and .x', ['.x.swp', 'x', '.x'], [['.x.swp', 'Vim', 'x', '.x']]],
  [
    'two of AutoCAD',
    ['a.dwl', 'a.dwl2', 'a.dwg'],
    [
      ['a.dwl', 'AutoCAD', 'a.dwg'],
      ['a.dwl2', 'AutoCAD', 'a.dwg'],
    ],
  ],
  ['.dwg and .DWG', ['a.dwl', 'a.dwg', 'a.DWG'], [['a.dwl', 'AutoCAD', 'a.dwg', 'a.DWG']]],
  ['.icon.svg alone', ['.icon.svg'], []],
  ['.icon.svg beside icon', ['.icon.svg', 'icon'], [['.icon.svg', 'Vim', 'icon']]],
  ['~board.pcb alone', ['~board.pcb'], []],
  [
    'an owner file is no document',
    ['.~lock.~$x.docx#', '~$x.docx', '.#.#y', '.#y', 'y'],
    [
      ['.~lock.~$x.docx#', 'LibreOffice'],
      ['~$x.docx', 'Word'],
      ['.#.#y', 'Emacs'],
      ['.#y', 'Emacs', 'y'],
    ],
  ],
  [
    'of Vim or of Emacs',
    ['.#x.swp', '#x', 'x.swp'],
    [
      ['.#x.swp', 'Vim', '#x'],
      ['.#x.swp', 'Emacs', 'x.swp'],
    ],
  ],
  ['Revit', ['tower.rvt', 'tower_backup'], []],
  ['nothing before the extension', ['.dwl', '.dwg', '.~lock.#', '.#', '~(.idlk', '.lck'], []],
])('%s', (_, names, result) => {
  expect(found(...names)).toEqual(result);
});

it('tells whether the name alone says that it is an owner file', () => {
  const names = ['.x.swp', '.x.svz', 'x', '~b.pcb', 'b.pcb', '.~c.docx', 'c.docx', 'bc.docx'];
  const byName = matchOwnerFiles(names).map(({ name, byName }) => [name, byName]);
  expect(byName).toEqual([
    ['.x.swp', true],
    ['.x.svz', false],
    ['~b.pcb', false],
    ['.~c.docx', false],
  ]);
});

describe('a directory of many names', () => {
  const many = Array.from({ length: 100_000 }, (_, n) => `IMG_${n}.jpg`);

  it('is read once, and without owner files nothing is asked about its names', () => {
    let read = 0;
    const names = (function* () {
      for (const name of many) {
        read++;
        yield name;
      }
    })();
    const asked = APPLICATIONS.flatMap((form) => [vi.spyOn(form, 'keysOf'), vi.spyOn(form, 'keyIn')]);
    expect(matchOwnerFiles(names)).toEqual([]);
    expect(read).toBe(many.length);
    expect(asked.reduce((sum, { mock }) => sum + mock.calls.length, 0)).toBe(0);
    vi.restoreAllMocks();
  });

  it('is gone through once for each kind of owner file that is there', () => {
    const asked = APPLICATIONS.map((form) => vi.spyOn(form, 'keysOf'));
    const found = matchOwnerFiles([...many, '.~lock.IMG_7.jpg#', '.~lock.IMG_8.jpg#', '~$x.docx', 'x.docx']);
    expect(found.map(({ documents }) => documents)).toEqual([['IMG_7.jpg'], ['IMG_8.jpg'], ['x.docx']]);
    expect(asked.reduce((sum, { mock }) => sum + mock.calls.length, 0)).toBeLessThan(100_010);
    vi.restoreAllMocks();
  });
});

/** The owner files that a document can have, written from the list of facts: what `app` may call it, and what it never is. */
function ownersOf(document: string): Map<string, string | RegExp> {
  const dot = document.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [document.slice(0, dot), document.slice(dot + 1).toLowerCase()] : [document, ''];
  const all = new Map<string, string | RegExp>();
  const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const is = (list: string) => extension !== '' && list.split(' ').includes(extension);
  if (is('doc docx docm dot dotx dotm rtf odt')) {
    const d = stem.length <= 6 ? 0 : stem.length === 7 ? 1 : 2;
    all.set('Word', `~$${document.substring(d)}`);
  }
  if (is('xlsx xlsm xlsb xltx xltm xlam ods')) all.set('Excel', `~$${document}`);
  if (is('ppt pptx pptm pot potx potm pps ppsx ppsm odp')) all.set('PowerPoint', `~$${document}`);
  all.set('LibreOffice', `.~lock.${document}#`);
  if (is('dwg')) all.set('AutoCAD', new RegExp(`^${escaped(stem)}\\.[dD][wW][lL]2?$`));
  if (is('indd icml')) all.set('InDesign', new RegExp(`^~${escaped(stem)}~[^~]+\\(\\.[iI][dD][lL][kK]$`));
  if (is('prproj')) all.set('Premiere Pro', new RegExp(`^${escaped(stem)}\\.[pP][rR][lL][oO][cC][kK]$`));
  if (is('af afphoto afdesign afpub')) all.set('Affinity', new RegExp(`^${escaped(document)}~[lL][oO][cC][kK]~$`));
  if (is('3dm')) {
    all.set('Rhino', new RegExp(`^(?:${escaped(document)}\\.|${escaped(stem)}\\.3[dD][mM])[rR][hH][lL]$`));
  }
  const lck = '\\.[lL][cC][kK]$';
  if (is('kicad_pcb kicad_sch kicad_pro')) all.set('KiCad', new RegExp(`^~${escaped(document)}${lck}`));
  if (is('pln')) all.set('Archicad', new RegExp(`^${escaped(document)}${lck}`));
  if (is('vwx')) all.set('Vectorworks', new RegExp(`^${escaped(document)}${lck}`));
  if (is('top')) all.set('TopSolid', new RegExp(`^${escaped(document)}${lck}`));
  if (is('scm pcb')) all.set('CADSTAR', `~${document}`);
  if (is('doc docx wps wpt xls xlsx et ett ppt pptx dps dpt')) {
    const cut = [1, 2].filter((d) => d < stem.length).map((d) => escaped(document.substring(d)));
    if (cut.length > 0) all.set('WPS Office', new RegExp(`^\\.~(?:${cut.join('|')})$`));
  }
  all.set('Vim', new RegExp(`^${document[0] === '.' ? '' : '\\.'}${escaped(document)}\\.s(?:w[a-p]|[a-v][a-z])$`));
  all.set('Emacs', `.#${document}`);
  return all;
}

const STEMS = [
  'a',
  'ab',
  'abcdef',
  'abcdefg',
  'bcdefg',
  'abcdefgh',
  'xbcdefgh',
  'cdefgh',
  '~a',
  '~$a',
  '.a',
  '#a',
  'a~b',
];
const UNLUCKY = [
  '.~lock.a',
  '😀abcde',
  '😀abcdef',
  'a😀cdefg',
  '\ufffdabcde',
  'a\nb',
  ' a',
  'a.lck',
  'a(',
  '$&',
  'a#',
  '',
  'É',
];
const EXTENSIONS =
  'docx DOCX doc rtf odt xlsx xls ods pptx dwg DWG dwl indd icml idlk prproj af afpub 3dm 3DM rhl kicad_pcb kicad_sch ' +
  'pln vwx top lck pcb scm wps svg swp txt rvt docx# ~lock~';

const stem = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...STEMS) },
  { weight: 1, arbitrary: fc.constantFrom(...UNLUCKY) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', '.', '~', '$', '#', '😀', '('), maxLength: 9 }) },
);
const extension = fc.constantFrom('', ...EXTENSIONS.split(' ').map((one) => `.${one}`));
const document = fc.tuple(stem, extension).map(([name, after]) => name + after);

/** How a program, or chance, makes a name of another. */
const made: readonly ((document: string) => string)[] = [
  (name) => `~$${name}`,
  (name) => `~$${name.slice(1)}`,
  (name) => `~$${name.slice(2)}`,
  (name) => `~$${name.slice(3)}`,
  (name) => `.~lock.${name}#`,
  (name) => `.~${name.slice(1)}`,
  (name) => `.~${name.slice(2)}`,
  (name) => `~${name}`,
  (name) => `~${name}.lck`,
  (name) => `${name}.lck`,
  (name) => `${name}~lock~`,
  (name) => `${name}.rhl`,
  (name) => `.#${name}`,
  (name) => `.${name}.swp`,
  (name) => `${name}.swo`,
  (name) => `.${name}.svg`,
  (name) => `.${name}.swz`,
  ...['.dwl', '.dwl2', '.DWL', '.prlock', '.3dmrhl', '~k2_(.idlk', '~a~b(.idlk'].map(
    (after) => (name: string) => (after.includes('(') ? '~' : '') + name.replace(/\.[^.]*$/, '') + after,
  ),
];
const owner = fc.tuple(fc.constantFrom(...made), document).map(([make, name]) => make(name));
const directory = fc
  .array(
    fc.oneof(
      document,
      owner,
      owner.chain((name) => fc.constantFrom(...made.map((make) => make(name)))),
    ),
    {
      maxLength: 14,
    },
  )
  .map((names) => [...new Set(names)].filter((name) => name !== '' && name.isWellFormed()));

describe(`random directories (${replay})`, () => {
  it(
    'an owner file belongs to the documents that can have it, and to no other',
    () => {
      fc.assert(
        fc.property(directory, (names) => {
          const wanted = new Set<string>();
          for (const name of names.filter((one) => !isOwnerFileName(one))) {
            for (const [app, form] of ownersOf(name)) {
              for (const other of names) {
                if (other !== name && (typeof form === 'string' ? form === other : form.test(other)))
                  wanted.add(`${app}: ${other} of ${name}`);
              }
            }
          }
          const got = matchOwnerFiles(names).flatMap(({ app, name, documents }) =>
            documents.map((one) => `${app}: ${name} of ${one}`),
          );
          expect(got.sort()).toEqual([...wanted].sort());
        }),
        runs(600),
      );
    },
    propertyMs,
  );

  it(
    'what is an owner file by its name is in the result, with or without a document',
    () => {
      fc.assert(
        fc.property(directory, (names) => {
          const found = matchOwnerFiles(names);
          for (const { name, byName, documents } of found) {
            expect(names).toContain(name);
            if (byName) expect(isOwnerFileName(name)).toBe(true);
            else expect(documents).not.toEqual([]);
          }
        }),
        runs(600),
      );
    },
    propertyMs,
  );
});
