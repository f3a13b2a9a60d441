// What the problems of owner files say.
import { nameOf, quote, type RelPath } from '../../core/path.js';
import { shellWord } from '../../core/shell-word.js';
import type { FoundOwnerFile } from './read.js';

const who = ({ owner }: FoundOwnerFile): string => (owner.user === null ? 'somebody' : quote(owner.user));

/** @param absolute where the owner file is. */
export function staleText(path: RelPath, absolute: string, found: FoundOwnerFile, why: string): string {
  const of = found.documents.map((name) => quote(name)).join(' or ');
  const what = of === '' ? 'a document' : of;
  const says = `${quote(path)} says that ${who(found)} has ${what} open in ${found.file.app}, but ${why}: it locks nothing.`;
  return `${says}${recovering(absolute, found)} Remove it: ${removing(absolute)}`;
}

/** Vim's owner file has what was not saved: it is the only copy. */
function recovering(absolute: string, { file, documents }: FoundOwnerFile): string {
  const [document] = documents;
  if (file.format !== 'vim' || document === undefined) return '';
  const beside = `${absolute.slice(0, absolute.lastIndexOf('/') + 1)}${document}`;
  return ` It may hold what was not saved, and no other copy of it: see it with: vim -r ${shellWord(beside)} (then leave Vim).`;
}

/** A shell reads `$name` in double quotes, and the owner files of Word begin with `~$`. */
const removing = (absolute: string): string =>
  process.platform === 'win32' ? `del ${quote(absolute)}` : `rm ${shellWord(absolute)}`;

export function ambiguousText(path: RelPath, found: FoundOwnerFile): string {
  const names = found.documents.slice(0, 5).map((name) => quote(name));
  const more = found.documents.length > names.length ? ' and others' : '';
  return `${quote(nameOf(path))} can be the owner file of ${names.join(' and of ')}${more}: none of them is locked. Rename all but one.`;
}
