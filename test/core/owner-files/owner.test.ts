// Who has a document open: owner files as programs write them, byte by byte, what is no such file, and damaged bytes, which
// never give a name that does not stand in them.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { OwnerFormat } from '../../../src/core/owner-files/applications.js';
import { type Owner, parseOwner } from '../../../src/core/owner-files/owner.js';
import { propertyMs, replay, runs } from '../../support/core/random.js';

const utf8 = (text: string) => Buffer.from(text);
const nobody = { user: null, host: null, pid: null, boot: null };

interface Microsoft {
  readonly size: 162 | 165;
  readonly ansi: string | Buffer;
  readonly name: string;
  readonly fill?: number;
  readonly first?: number;
  readonly units?: number;
}

/** Word's file has 162 bytes, those of Excel and PowerPoint 165. */
function microsoft({ size, ansi, name, fill = size === 162 ? 0 : 0x20, first, units }: Microsoft): Buffer {
  const bytes = Buffer.alloc(size, fill);
  const ansiBytes = typeof ansi === 'string' ? Buffer.from(ansi, 'latin1') : ansi;
  bytes[0] = first ?? ansiBytes.length;
  ansiBytes.copy(bytes, 1);
  const at = size === 162 ? 54 : 55;
  bytes.writeUInt16LE(units ?? name.length, at);
  bytes.write(name, at + 2, 'utf16le');
  return bytes;
}

interface Swap {
  readonly id?: string;
  readonly user?: string | Buffer;
  readonly host?: string;
  readonly pid?: number;
  readonly path?: string | Buffer;
  readonly modified?: boolean;
}

/** The first page of a swap file of Vim 9.0 on a machine of 64 bits. */
function swap({ id = 'b0', user = 'alice', host = 'vm', pid = 3959, path = '/home/alice/notes.txt', modified }: Swap) {
  const bytes = Buffer.alloc(4096);
  bytes.write(`${id}VIM 9.0`);
  bytes.writeUInt32LE(4096, 12);
  bytes.writeUInt32LE(0x6b0e1533, 16);
  bytes.writeUInt32LE(0x20c967, 20);
  bytes.writeUInt32LE(pid, 24);
  Buffer.from(user).copy(bytes, 28);
  bytes.write(host, 68);
  Buffer.from(path).copy(bytes, 108);
  bytes[1007] = modified ? 0x55 : 0;
  bytes.write('3210', 1008);
  return bytes;
}

const vim = { user: 'alice', host: 'vm', pid: 3959, boot: null, modified: false, document: 'notes.txt' };
const libre = { ...nobody, profile: null };
const LIBRE = 'Alice Smith,alice,vm,01.12.2026 00:30,file:///home/alice/.config/libreoffice/4;';
const PROFILE = 'file:///home/alice/.config/libreoffice/4';
const long = 'ä'.repeat(150);

type Row = [it: string, format: OwnerFormat, content: Uint8Array, owner: Owner | null];

const good: Row[] = [
  [
    'Word',
    'word',
    microsoft({ size: 162, ansi: 'Alice Smith', name: 'Alice Smith' }),
    { ...nobody, user: 'Alice Smith' },
  ],
  [
    'Excel',
    'excel',
    microsoft({ size: 165, ansi: 'Alice Smith', name: 'Alice Smith' }),
    { ...nobody, user: 'Alice Smith' },
  ],
  ['PowerPoint', 'excel', powerpoint('Alice'), { ...nobody, user: 'Alice' }],
  [
    'of 32 characters',
    'word',
    microsoft({ size: 162, ansi: 'x'.repeat(32), name: 'x'.repeat(32) }),
    { ...nobody, user: 'x'.repeat(32) },
  ],
  [
    'of 52',
    'excel',
    microsoft({ size: 165, ansi: 'x'.repeat(52), name: 'x'.repeat(52) }),
    { ...nobody, user: 'x'.repeat(52) },
  ],
  [
    'an umlaut in a code page',
    'word',
    microsoft({ size: 162, ansi: 'J\xf6rg', name: 'Jörg' }),
    { ...nobody, user: 'Jörg' },
  ],
  [
    'two bytes for a character',
    'word',
    microsoft({ size: 162, ansi: '\xcd\xf5\xb7\xbc', name: '王芳' }),
    { ...nobody, user: '王芳' },
  ],
  [
    'one byte for what the code page lacks',
    'word',
    microsoft({ size: 162, ansi: '??', name: '王芳' }),
    { ...nobody, user: '王芳' },
  ],
  [
    'garbage behind the name',
    'word',
    microsoft({ size: 162, ansi: 'Al', name: 'Al', fill: 0x41 }),
    { ...nobody, user: 'Al' },
  ],
  [
    'Excel makes it for .ods, Word for .odt',
    'word',
    microsoft({ size: 165, ansi: 'Al', name: 'Al' }),
    { ...nobody, user: 'Al' },
  ],
  [
    'LibreOffice',
    'libreoffice',
    utf8(LIBRE),
    { ...nobody, user: 'Alice Smith', host: 'vm', profile: PROFILE, login: 'alice' },
  ],
  [
    'no name set',
    'libreoffice',
    utf8(LIBRE.replace('Alice Smith', '')),
    { ...nobody, user: 'alice', host: 'vm', profile: PROFILE, login: 'alice' },
  ],
  [
    'a blank name',
    'libreoffice',
    utf8(LIBRE.replace('Alice Smith', '  ')),
    { ...nobody, user: 'alice', host: 'vm', profile: PROFILE, login: 'alice' },
  ],
  [
    'escapes',
    'libreoffice',
    utf8('Smith\\, Al\\;ice\\\\,al,vm,x,;'),
    { ...nobody, user: 'Smith, Al;ice\\', host: 'vm', profile: null, login: 'al' },
  ],
  [
    'a name in UTF-8',
    'libreoffice',
    utf8('Jörg 😀,j,vm,x,p;'),
    { ...nobody, user: 'Jörg 😀', host: 'vm', profile: 'p', login: 'j' },
  ],
  [
    'one field that is no text',
    'libreoffice',
    Buffer.from('\xff,al,vm,x,p;', 'latin1'),
    { ...nobody, user: 'al', host: 'vm', profile: 'p', login: 'al' },
  ],
  ['Vim', 'vim', swap({}), vim],
  ['with changes', 'vim', swap({ modified: true }), { ...vim, modified: true }],
  ['encrypted', 'vim', swap({ id: 'bd' }), vim],
  ['no process', 'vim', swap({ pid: 0 }), { ...vim, pid: null }],
  ['no user', 'vim', swap({ user: '' }), { ...vim, user: null }],
  ['no host', 'vim', swap({ host: '' }), { ...vim, host: null }],
  ['a user that does not end', 'vim', swap({ user: 'x'.repeat(40) }), { ...vim, user: null }],
  ['a user that is no text', 'vim', swap({ user: Buffer.from([0xff, 0xfe]) }), { ...vim, user: null }],
  ['no file name', 'vim', swap({ path: '' }), { ...vim, document: null }],
  ['a home directory', 'vim', swap({ path: '~/.x' }), { ...vim, document: '.x' }],
  ['the block alone', 'vim', swap({}).subarray(0, 1024), vim],
  ['less than the block', 'vim', swap({}).subarray(0, 108), { ...vim, document: null }],
  ['Emacs', 'emacs', utf8('alice@vm.3959:1796083200'), { user: 'alice', host: 'vm', pid: 3959, boot: 1796083200 }],
  ['no boot', 'emacs', utf8('alice@vm.3959'), { user: 'alice', host: 'vm', pid: 3959, boot: null }],
  [
    'a host with dots',
    'emacs',
    utf8('alice@vm.lan.example.3959:1'),
    { user: 'alice', host: 'vm.lan.example', pid: 3959, boot: 1 },
  ],
  ['a user with an @', 'emacs', utf8('a@b@vm.7:1'), { user: 'a@b', host: 'vm', pid: 7, boot: 1 }],
  ['over CIFS', 'emacs', utf8('alice@vm.7\uf0221'), { user: 'alice', host: 'vm', pid: 7, boot: 1 }],
  [
    'numbers that are too large',
    'emacs',
    utf8(`a@vm.${'9'.repeat(30)}:0`),
    { user: 'a', host: 'vm', pid: null, boot: null },
  ],
  ['no names', 'emacs', utf8('@.7:1'), { user: null, host: null, pid: 7, boot: 1 }],
  ['KiCad', 'kicad', utf8('{"hostname":"vm","username":"alice"}'), { ...nobody, user: 'alice', host: 'vm' }],
  [
    'KiCad 10',
    'kicad',
    utf8('{"hostname":"vm","token":"0123","username":"alice"}'),
    { ...nobody, user: 'alice', host: 'vm' },
  ],
  ['one of both', 'kicad', utf8('{"username":"alice","hostname":7}'), { ...nobody, user: 'alice' }],
  [
    'AutoCAD',
    'dwl',
    utf8('Alice Smith\r\nPC-7\r\nMonday, April 16, 2007  12:35:10 PM\r\n'),
    { ...nobody, user: 'Alice Smith', host: 'PC-7' },
  ],
  [
    'AutoCAD, UTF-16',
    'dwl',
    Buffer.from('\ufeffJörg\r\nPC-7\r\n', 'utf16le'),
    { ...nobody, user: 'Jörg', host: 'PC-7' },
  ],
  [
    'AutoCAD, XML',
    'dwl2',
    utf8(
      '<?xml version="1.0" encoding="UTF-8"?>\n<whodata>\n<username>Smith &amp; Co</username>\n<machinename>PC-7</machinename>\n<datetime>16 april 2007</datetime>\n</whodata>',
    ),
    { ...nobody, user: 'Smith & Co', host: 'PC-7' },
  ],
  ['a character by its number', 'dwl2', utf8('<username>J&#246;rg&#x21;</username>'), { ...nobody, user: 'Jörg!' }],
  ['Premiere Pro, Archicad', 'user', utf8('alice\r\n'), { ...nobody, user: 'alice' }],
  ['the longest text', 'user', utf8('alice'.padEnd(1000, '\n')), { ...nobody, user: 'alice' }],
  ['Rhino', 'user-and-host', utf8('alice\r\nPC-7\r\n'), { ...nobody, user: 'alice', host: 'PC-7' }],
  ['InDesign, Affinity', 'unknown', utf8('alice'), nobody],
  ['a long name', 'kicad', utf8(JSON.stringify({ username: long })), { ...nobody, user: long.slice(0, 100) }],
  [
    'a long name that is cut in a character',
    'kicad',
    utf8(JSON.stringify({ username: `x${'😀'.repeat(60)}` })),
    { ...nobody, user: `x${'😀'.repeat(49)}` },
  ],
  [
    'control characters stay',
    'libreoffice',
    utf8('a\x1b[31mb,al,vm,x,p;'),
    { ...nobody, user: 'a\x1b[31mb', host: 'vm', profile: 'p', login: 'al' },
  ],
];

/** PowerPoint ends the first name with one zero. */
function powerpoint(name: string): Buffer {
  const bytes = microsoft({ size: 165, ansi: name, name });
  bytes[1 + name.length] = 0;
  return bytes;
}

const unknown: Row[] = [
  ['empty', 'word', Buffer.alloc(0), nobody],
  ['too short', 'word', microsoft({ size: 162, ansi: 'Al', name: 'Al' }).subarray(0, 161), nobody],
  ['too long', 'excel', Buffer.alloc(166, 1), nobody],
  ['lengths of 0', 'word', Buffer.alloc(162), nobody],
  ['a length of more than 52', 'word', microsoft({ size: 162, ansi: 'x'.repeat(53), name: 'x'.repeat(53) }), nobody],
  ['the other length is 0', 'word', microsoft({ size: 162, ansi: 'Al', name: 'Al', units: 0 }), nobody],
  ['the lengths differ', 'word', microsoft({ size: 162, ansi: 'Alice', name: 'Alice', units: 3 }), nobody],
  ['the first is shorter', 'excel', microsoft({ size: 165, ansi: 'Alice', name: 'Alice', first: 4 }), nobody],
  ['the names differ', 'word', microsoft({ size: 162, ansi: 'Alice', name: 'Carol' }), nobody],
  ['half a character', 'word', microsoft({ size: 162, ansi: '?', name: '\ud83d' }), nobody],
  ['a zero in the name', 'word', microsoft({ size: 162, ansi: 'a\0b', name: 'a\0b' }), nobody],
  ['blanks', 'word', microsoft({ size: 162, ansi: '   ', name: '   ' }), nobody],
  ['empty', 'libreoffice', Buffer.alloc(0), libre],
  ['blanks', 'libreoffice', utf8(' ,\t, ,x, ;'), { ...libre, login: null }],
  ['no end', 'libreoffice', utf8('Alice,al,vm,x,p'), libre],
  ['four fields', 'libreoffice', utf8('Alice,al,vm,x;'), libre],
  ['six fields', 'libreoffice', utf8('Alice,al,vm,x,p,q;'), libre],
  ['an unknown escape', 'libreoffice', utf8('A\\lice,al,vm,x,p;'), libre],
  ['a backslash at the end', 'libreoffice', utf8('Alice,al,vm,x,p\\'), libre],
  ['no JSON', 'kicad', utf8('{"username":"alice"'), nobody],
  ['no object', 'kicad', utf8('"alice"'), nobody],
  ['null', 'kicad', utf8('null'), nobody],
  ['half a character in JSON', 'kicad', utf8('{"username":"\\ud83d"}'), nobody],
  ['a zero in JSON', 'kicad', utf8('{"username":"a\\u0000b"}'), nobody],
  ['empty', 'dwl', Buffer.alloc(0), nobody],
  ['one line', 'dwl', utf8('alice'), nobody],
  ['binary', 'dwl', Buffer.from('a\x00\r\nb\r\n'), nobody],
  ['many lines', 'dwl', utf8('a\nb\nc\nd\ne'), nobody],
  ['two names', 'dwl2', utf8('<username>a</username><username>b</username>'), nobody],
  ['an unknown entity', 'dwl2', utf8('<username>a&x;b</username>'), nobody],
  ['no entity', 'dwl2', utf8('<username>a & b</username>'), nobody],
  ['an element in it', 'dwl2', utf8('<username><b>a</b></username>'), nobody],
  ['two lines', 'user', utf8('alice\nbob'), nobody],
  ['a code page', 'user', Buffer.from('J\xf6rg', 'latin1'), nobody],
  ['a text', 'user', utf8('alice'.padEnd(1001, '\n')), nobody],
  ['one line', 'user-and-host', utf8('alice PC-7'), nobody],
];

const none: Row[] = [
  ['empty', 'vim', Buffer.alloc(0), null],
  ['a picture', 'vim', utf8('<svg xmlns="http://www.w3.org/2000/svg"></svg>'.padEnd(5000)), null],
  ['the first letters only', 'vim', utf8('b0VIM'), null],
  ['another second letter', 'vim', swap({ id: 'b1' }), null],
  ['cut in the names', 'vim', swap({}).subarray(0, 107), null],
  ['empty', 'emacs', Buffer.alloc(0), null],
  ['a link to a file', 'emacs', utf8('../notes.txt'), null],
  ['no process', 'emacs', utf8('alice@vm'), null],
  ['text behind it', 'emacs', utf8('alice@vm.7:1\n'), null],
  ['a version that CVS keeps', 'emacs', utf8('int main() {}\n'.repeat(100)), null],
  ['no text', 'emacs', Buffer.from('\xff@vm.7:1', 'latin1'), null],
];

test.each([...good, ...unknown, ...none])('%s: %s', (_, format, content, owner) => {
  expect(parseOwner(format, content)).toEqual(owner);
  // A part of a larger buffer is read as the same bytes.
  const around = new Uint8Array(content.length + 7).fill(0x41);
  around.set(content, 3);
  expect(parseOwner(format, around.subarray(3, 3 + content.length))).toEqual(owner);
});

/** Node 24 corrupts its memory in `toString('utf16le')` of a buffer that begins at an odd place. */
function utf16Text(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes.readUInt16LE(at));
  return text;
}

/** Everything that the bytes can be read as. */
function readings(content: Uint8Array): string {
  const bytes = Buffer.from(content);
  const text = bytes.toString('utf8');
  const wide = [0, 1].map((from) => utf16Text(bytes.subarray(from)));
  const fields = text.replace(/\\([\\,;])/g, '$1');
  const xml = text.replace(
    /&(\w+);/g,
    (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" })[name as 'amp'] ?? '',
  );
  const numbers = xml.replace(/&#(\d+|x[\da-f]+);/gi, (_, n) =>
    String.fromCodePoint(Number(n.replace(/^x/i, '0x')) % 0x110000),
  );
  let json = '';
  try {
    const value = JSON.parse(text);
    json = Object.values(value ?? {}).join('\n');
  } catch {}
  return [text, ...wide, fields, xml, numbers, json].join('\n');
}

const formats: OwnerFormat[] = [
  'word',
  'excel',
  'libreoffice',
  'dwl',
  'dwl2',
  'user',
  'user-and-host',
  'kicad',
  'vim',
  'emacs',
  'unknown',
];

describe(`damaged owner files (${replay})`, () => {
  const change = fc.record({ at: fc.nat(), to: fc.nat({ max: 255 }), cut: fc.constantFrom(0, 0, 0, 1, 2, 50) });
  const damaged = fc
    .tuple(fc.constantFrom(...good, ...unknown), fc.array(change, { maxLength: 6 }))
    .map(([[, format, content], changes]) => {
      let bytes = Buffer.from(content);
      for (const { at, to, cut } of changes) {
        if (bytes.length > 0) bytes[at % Math.min(bytes.length, 1010)] = to;
        bytes = bytes.subarray(0, bytes.length - cut);
      }
      return { format, bytes };
    });
  const any = fc.record({ format: fc.constantFrom(...formats), bytes: fc.uint8Array({ maxLength: 200 }) });

  it(
    'never throw, and never name what does not stand in them',
    () => {
      fc.assert(
        fc.property(fc.oneof({ weight: 9, arbitrary: damaged }, { weight: 1, arbitrary: any }), ({ format, bytes }) => {
          const owner = parseOwner(format, bytes);
          if (owner === null) return;
          const all = readings(bytes);
          for (const name of [
            owner.user,
            owner.host,
            owner.document ?? null,
            owner.profile ?? null,
            owner.login ?? null,
          ]) {
            if (name === null) continue;
            expect(all).toContain(name);
            if (name !== owner.document) expect(name.trim()).not.toBe('');
            expect(name.isWellFormed()).toBe(true);
          }
          for (const text of [owner.user, owner.host]) expect(text?.length ?? 0).toBeLessThanOrEqual(100);
          for (const count of [owner.pid, owner.boot]) expect(count === null || count > 0).toBe(true);
        }),
        runs(600),
      );
    },
    propertyMs,
  );
});
