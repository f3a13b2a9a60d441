// Owner files that Lockstep puts beside a document which somebody on the other side has locked, so that a program that
// opens it here says who has it. None of them can pass for one that a program has made: the host in it is no host's name.
import { MAX_NAME_BYTES, utf8Length } from '../path.js';
import { APPLICATIONS, extensionOf, isOwnerFileName, type OwnerFormat } from './applications.js';
import { cutName } from './name-text.js';
import { parseOwner } from './owner.js';

/** One owner file to be written beside a document. */
export interface OutwardOwnerFile {
  readonly name: string;
  readonly content: Uint8Array | { readonly link: string };
}

/** Who has locked a document, and where. */
interface Holder {
  readonly user: string;
  readonly host: string;
  readonly since: Date;
}

/** Stands after the host. No host's name ends so: there is a blank in it. */
const MARK = ' (Lockstep)';

/** Of a user and of a host, so that the mark is within what is read of a name. */
const MAX_LENGTH = 60;

const KICAD = new Set(['kicad_pcb', 'kicad_sch', 'kicad_pro']);

const LIBREOFFICE = words(`
  odt ott fodt odm ods ots fods odp otp fodp odg otg fodg odf odb
  doc docx docm dot dotx dotm xls xlsx xlsm xlsb xlt xltx xltm ppt pptx pptm pps ppsx ppsm pot potx potm
  rtf csv tsv wps wpd pub vsd vsdx dif slk`);

const TEXT = words(`
  txt text md markdown rst adoc org tex bib sty cls log diff patch po pot
  html htm xhtml xml xsl xsd svg css scss sass less json jsonc json5 yaml yml toml ini cfg conf properties env
  js mjs cjs jsx ts mts cts tsx vue svelte py pyi rb pl pm php lua tcl r jl m
  c h cc cpp cxx hh hpp hxx cs java kt kts scala groovy go rs swift d zig nim pas f f90 f95 ada adb ads
  hs ml mli fs fsx ex exs erl hrl clj cljs el lisp scm rkt v sv vhd vhdl asm s
  sh bash zsh fish ps1 bat cmd awk sed sql graphql proto cmake mk gradle tf nix dockerfile service`);

/** Text files without an extension. */
const TEXT_NAMES = words('makefile dockerfile readme license copying changelog authors todo notes news install');

function words(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/));
}

/**
 * @param document its name, without a directory.
 * @param holder whom to name; what is no text, or too long, is made fit.
 * @returns empty where no program is known that would read one.
 */
export function outwardOwnerFiles(document: string, holder: Holder): OutwardOwnerFile[] {
  const made = isOwnerFileName(document) ? null : ownerFileFor(document, fitting(holder));
  return made === null || utf8Length(made.name) > MAX_NAME_BYTES ? [] : [made];
}

function ownerFileFor(document: string, holder: Holder): OutwardOwnerFile | null {
  const extension = extensionOf(document);
  if (LIBREOFFICE.has(extension)) return { name: `.~lock.${document}#`, content: utf8(libreOffice(holder)) };
  if (KICAD.has(extension)) return { name: `~${document}.lck`, content: utf8(kicad(holder)) };
  if (extension === '3dm') return { name: `${document}.rhl`, content: utf8(`${holder.user}\r\n${holder.host}\r\n`) };
  const isText = TEXT.has(extension) || TEXT_NAMES.has(document.toLowerCase());
  // Emacs asks about the lock of another host, whatever the process; no process has number 0.
  return isText ? { name: `.#${document}`, content: { link: `${holder.user}@${holder.host}.0` } } : null;
}

/** One line each; the host is marked. */
const fitting = ({ user, host, since }: Holder): Holder => ({
  user: lineOf(user) || 'somebody',
  host: (lineOf(host.replaceAll('@', ' ')) || 'another host') + MARK,
  since,
});

function lineOf(text: string): string {
  const plain = text.toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, ' ');
  return cutName(plain.trim(), MAX_LENGTH);
}

/**
 * LibreOffice shows the first field and the time. It takes a file with its own login, host and profile for one that its own
 * crash has left, and one with its own login for the same person at another machine: no login has a colon.
 */
function libreOffice({ user, host, since }: Holder): string {
  const place = host.slice(0, -MARK.length);
  const fields = [`${user} (${place})`, `lockstep:${user}`, host, timeOf(since), 'lockstep:outward'];
  return `${fields.map((field) => field.replace(/[\\,;]/g, '\\$&')).join(',')};`;
}

/** In local time, as LibreOffice shows it. */
function timeOf(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${two(date.getDate())}.${two(date.getMonth() + 1)}.${date.getFullYear()}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

const kicad = ({ user, host }: Holder): string => JSON.stringify({ hostname: host, username: user });

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** @returns whether Lockstep has written the owner file `name`. */
export const isOutwardNamed = (name: string, content: Uint8Array): boolean =>
  APPLICATIONS.some(({ keyIn, format }) => keyIn(name) !== null && isOutward(format, content));

/**
 * @param content as `parseOwner` takes it.
 * @returns whether Lockstep has written it: it says nothing about a program here.
 */
export const isOutward = (format: OwnerFormat, content: Uint8Array): boolean =>
  parseOwner(format, content)?.host?.endsWith(MARK) ?? false;
