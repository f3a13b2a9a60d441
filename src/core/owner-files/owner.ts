// Who has a document open, as its owner file tells. What cannot be read in it is unknown: a wrong name is never given, and
// no content is refused, because any program can write such a file, and any person, too.
import type { OwnerFormat } from './applications.js';
import { decodeUtf8, decodeUtf16, nameIn } from './name-text.js';
import { parseSwapFile } from './swap-file.js';

/** Who has a document open. null: unknown. */
export interface Owner {
  /** The name of a person, or the login name. Not safe to show: it may contain control characters. */
  readonly user: string | null;
  readonly host: string | null;
  /** The process that has the document open, at `host`. */
  readonly pid: number | null;
  /** When `host` was started: seconds since 1970. Emacs tells it. */
  readonly boot: number | null;
  /** The login name, where the program tells it besides the name of the person; null: it is empty. */
  readonly login?: string | null;
  /** The user profile of LibreOffice, as a URL. */
  readonly profile?: string | null;
  /** Whether the program has changes that are not saved. Vim tells it. */
  readonly modified?: boolean;
  /** The name of the document, without its directory. Vim tells it: `x` and `.x` have one name for their swap files. */
  readonly document?: string | null;
}

/** How many bytes of an owner file are to be read, from its beginning; no owner file is told by later ones. */
export const MAX_OWNER_FILE_BYTES = 8192;

/** What an owner file without a name is read as. */
const UNKNOWN: Owner = { user: null, host: null, pid: null, boot: null };

const PARSERS: Readonly<Record<OwnerFormat, (content: Uint8Array) => Owner | null>> = {
  word: parseMicrosoft,
  excel: parseMicrosoft,
  libreoffice: parseLibreOffice,
  dwl: parseLines,
  dwl2: parseDwl2,
  user: parseUser,
  'user-and-host': parseLines,
  kicad: parseKicad,
  vim: parseSwapFile,
  emacs: parseEmacs,
  unknown: () => UNKNOWN,
};

/**
 * @param content the first MAX_OWNER_FILE_BYTES of the owner file, or the target of the link that Emacs makes.
 * @returns null where this is no owner file after all, and says nothing about a document: Vim and Emacs give such names,
 * but not they alone, and what they write is recognised. A file that Vim has just made is empty: it has to be read again
 * when it changes.
 */
export const parseOwner = (format: OwnerFormat, content: Uint8Array): Owner | null => PARSERS[format](content);

const MICROSOFT = { 162: 54, 165: 55 } as const;
const MAX_MICROSOFT_NAME = 52;

/**
 * Word, Excel and PowerPoint, as LibreOffice reads them (svl, msodocumentlockfile.cxx): the length of the name, the name in
 * the code page of the writer, and at a place that the size of the file tells, both again in UTF-16.
 */
function parseMicrosoft(content: Uint8Array): Owner {
  const at = MICROSOFT[content.length as keyof typeof MICROSOFT];
  if (at === undefined) return UNKNOWN;
  const bytes = content[0]!;
  const units = content[at]! | (content[at + 1]! << 8);
  // A code page takes one or two bytes for a character.
  if (units < 1 || units > MAX_MICROSOFT_NAME || bytes < units || bytes > Math.min(2 * units, MAX_MICROSOFT_NAME)) {
    return UNKNOWN;
  }
  const name = decodeUtf16(content.subarray(at + 2, at + 2 + 2 * units));
  const isSame = name !== null && agree(name, content.subarray(1, 1 + bytes));
  return isSame ? { ...UNKNOWN, user: nameIn(name) } : UNKNOWN;
}

/** Whether two forms of a name agree as far as that can be told: ASCII is the same in all code pages. */
function agree(name: string, ansi: Uint8Array): boolean {
  if (!/^[\x00-\x7f]*$/.test(name)) return true;
  return ansi.length === name.length && ansi.every((byte, n) => byte === name.charCodeAt(n));
}

/** `user,login,host,time,profile;` (svl, lockfilecommon.cxx). */
function parseLibreOffice(content: Uint8Array): Owner {
  const fields = libreOfficeFields(content);
  if (fields === null) return { ...UNKNOWN, profile: null };
  const [user, login, host, , profile] = fields.map(decodeUtf8);
  const name = nameIn(user ?? null) ?? nameIn(login ?? null);
  const known = { user: name, login: nameIn(login ?? null), host: nameIn(host ?? null) };
  return { ...UNKNOWN, ...known, profile: profile?.trim() ? profile : null };
}

const [COMMA, SEMICOLON, BACKSLASH] = [0x2c, 0x3b, 0x5c];

/** @returns the five fields without their escapes; null where the content is not like that. */
function libreOfficeFields(content: Uint8Array): Uint8Array[] | null {
  const fields: number[][] = [[]];
  for (let at = 0; at < content.length; at++) {
    const byte = content[at]!;
    if (byte === SEMICOLON) return fields.length === 5 ? fields.map((field) => Uint8Array.from(field)) : null;
    if (byte === COMMA) fields.push([]);
    else if (byte !== BACKSLASH) fields.at(-1)!.push(byte);
    else {
      const escaped = content[++at];
      if (escaped !== COMMA && escaped !== SEMICOLON && escaped !== BACKSLASH) return null;
      fields.at(-1)!.push(escaped);
    }
  }
  return null;
}

/** The user in one line and the host in the next. */
function parseLines(content: Uint8Array): Owner {
  const lines = linesIn(content);
  if (lines === null || lines.length < 2 || lines.length > 4) return UNKNOWN;
  return { ...UNKNOWN, user: nameIn(lines[0]!), host: nameIn(lines[1]!) };
}

/** The user and nothing else. */
function parseUser(content: Uint8Array): Owner {
  const lines = linesIn(content);
  return lines?.length === 1 ? { ...UNKNOWN, user: nameIn(lines[0]!) } : UNKNOWN;
}

/** More is no name and a few words beside it. */
const MAX_TEXT_BYTES = 1000;

/** @returns the lines of a text, without empty ones at its end; null where the content is not plain text. */
function linesIn(content: Uint8Array): string[] | null {
  if (content.length > MAX_TEXT_BYTES) return null;
  const isWide = content[0] === 0xff && content[1] === 0xfe;
  const text = isWide ? decodeUtf16(content.subarray(2)) : decodeUtf8(content);
  const lines =
    text
      ?.replace(/^\ufeff/, '')
      .trimEnd()
      .split(/\r\n|\n|\r/) ?? null;
  return lines === null || lines.some((line) => /[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(line)) ? null : lines;
}

/** XML. */
function parseDwl2(content: Uint8Array): Owner {
  const text = decodeUtf8(content) ?? '';
  return { ...UNKNOWN, user: elementIn(text, 'username'), host: elementIn(text, 'machinename') };
}

/** @returns the text of the only element of that name. */
function elementIn(xml: string, element: string): string | null {
  const [first, second] = xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'gi'));
  return first === undefined || second !== undefined ? null : nameIn(unescapeXml(first[1]!));
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** @returns null where an entity is not known. */
function unescapeXml(text: string): string | null {
  let isKnown = true;
  const plain = text.replace(/&([^;&]*);?/g, (whole, name: string) => {
    const meant = whole.endsWith(';') ? (ENTITIES[name] ?? numbered(name)) : undefined;
    if (meant === undefined) isKnown = false;
    return meant ?? '';
  });
  return isKnown ? plain : null;
}

function numbered(name: string): string | undefined {
  const digits = /^#(?:x([0-9a-f]{1,6})|([0-9]{1,7}))$/i.exec(name);
  if (digits === null) return undefined;
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

/** `{"hostname": …, "username": …}` (include/lockfile.h); newer versions add a `token`. */
function parseKicad(content: Uint8Array): Owner {
  const { username, hostname } = objectIn(decodeUtf8(content) ?? '');
  return { ...UNKNOWN, user: nameIn(username), host: nameIn(hostname) };
}

function objectIn(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** `user@host.pid:boot`, the boot left out where Emacs does not know it; Linux gives U+F022 for `:` over CIFS (filelock.c). */
function parseEmacs(content: Uint8Array): Owner | null {
  const text = content.length > MAX_TEXT_BYTES ? null : decodeUtf8(content);
  const parts = /^(.*)@([^@]*)\.(\d+)(?:[:\uf022](\d+))?$/s.exec(text ?? '');
  if (parts === null) return null;
  const [, user, host, pid, boot] = parts;
  return { user: nameIn(user), host: nameIn(host), pid: countIn(pid), boot: countIn(boot) };
}

/** @returns null where `digits` are no number above zero, or one that is too large to be read. */
function countIn(digits: string | undefined): number | null {
  const count = Number(digits ?? 0);
  return count > 0 && Number.isSafeInteger(count) ? count : null;
}
