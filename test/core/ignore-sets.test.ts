// The stock sets: they leave out what programs make for a while, and no document, no backup, no owner file of it.
import { describe, expect, it } from 'vitest';
import { IGNORE_SET_NAMES, linesOfSet } from '../../src/core/ignore-sets.js';
import { APPLICATIONS, isOwnerFileName } from '../../src/core/owner-files/applications.js';
import type { RelPath } from '../../src/core/path.js';
import { IgnoreRules } from '../../src/disk/scan/ignore-rules.js';

type IgnoreSet = Parameters<typeof linesOfSet>[0];

const rules = (name: IgnoreSet) => new IgnoreRules(linesOfSet(name));
const all = new IgnoreRules(IGNORE_SET_NAMES.flatMap(linesOfSet));

const LEFT_OUT: Readonly<Record<IgnoreSet, readonly string[]>> = {
  office: [
    ...['~WRL0001.tmp', '~WRD3241.tmp', '~WRA0002.asd', '~DF3A1C.tmp', '~DFC1.TMP', 'Word Work File D_1.tmp'],
    ...[
      '5D2C1A00.tmp',
      'cedd4100.tmp',
      'pptC3F2.tmp',
      '~ar1F2.xar',
      'stock.laccdb',
      'lu95284hbl8.tmp',
      '.TemporaryItems/x',
    ],
  ],
  cad: [
    ...['roof_1_1_4711.sv$', 'ROOF.SV$', 'roof.ac$', 'roof.ds$', 'acad.err', 'Revit_temp/x', 'AutoSave_house.skp'],
    ...[
      '_autosave-board.kicad_pcb',
      '#auto_saved_files#',
      'fp-info-cache',
      'board.kicad_prl',
      'part.blend@',
      'trail.txt.12',
    ],
  ],
};

/** Documents, backups of them, and what people call files. */
const KEPT = [
  ...[
    'plan.docx',
    'AutoRecovered.docx',
    '20261201',
    '20261201.xlsx',
    'DEADBEEF',
    'ppt.pptx',
    'pptx.tmp',
    'notes.tmp',
    'lu.tmp',
  ],
  ...[
    'luna.tmp',
    'Backup of plan.wbk',
    'Backup of table.xlk',
    'table.csv',
    'mail.pst',
    'Word Work File.docx',
    'stock.accdb',
  ],
  ...['roof.dwg', 'roof.dxf', 'roof.bak', 'house.rvt', 'house.0001.rvt', 'house.skp', 'house.skb', 'board.kicad_pcb'],
  ...[
    'board.kicad_pro',
    'part.blend',
    'part.blend1',
    'bracket.prt.3',
    'trail.txt',
    'bracket.sldprt',
    'errors/acad.error',
  ],
];

describe.each(IGNORE_SET_NAMES)('the set %s', (name) => {
  it.each(LEFT_OUT[name])('leaves out %s, also deep in a tree', (path) => {
    for (const one of [path, `a/b/${path}`])
      expect([one, rules(name).matches(one as RelPath, false)]).toEqual([one, true]);
  });

  it('has no line that another set has', () => {
    const others = IGNORE_SET_NAMES.filter((other) => other !== name).flatMap(linesOfSet);
    expect(linesOfSet(name).filter((line) => others.includes(line))).toEqual([]);
  });
});

it.each(KEPT)('no set leaves out %s', (path) => {
  expect(all.matches(path as RelPath, false)).toBe(false);
});

it('no set leaves out the documents that locks take themselves for, nor hides an owner file', () => {
  const extensions = [...new Set(APPLICATIONS.flatMap(({ extensions }) => [...(extensions ?? [])]))];
  expect(extensions.length).toBeGreaterThan(30);
  expect(extensions.filter((extension) => all.matches(`plan.${extension}` as RelPath, false))).toEqual([]);
  const owners = ['~$plan.docx', '.~lock.plan.odt#', 'roof.dwl', 'roof.dwl2', '~board.kicad_pcb.lck', 'house.rhl'];
  expect(owners.filter((owner) => all.matches(owner as RelPath, false) || !isOwnerFileName(owner))).toEqual([]);
});
