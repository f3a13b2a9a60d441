// Names as the page shows them: control and direction characters are escaped, broken Unicode is replaced, so that no name
// can pass for another or turn the text around it. Markup needs no care: names are only ever set as text.
import { escapeControls } from '../../../core/path.js';

const PLAIN = /^[\x20-\x7e]*$/;

/** @returns `name`, harmless to show. */
export const shownName = (name: string): string => (PLAIN.test(name) ? name : escapeControls(name.toWellFormed()));

/** A path in two parts: where the file is, with a slash at its end, and its own name; that of a folder has a slash, too. */
interface PathParts {
  readonly folder: string;
  readonly name: string;
}

export function partsOf(path: string): PathParts {
  const slash = path.lastIndexOf('/', path.length - 2) + 1;
  return { folder: path.slice(0, slash), name: path.slice(slash) };
}

/** @returns `anna`, `anna and ben`, `anna, ben and 2 more`. */
export function peopleText(people: readonly string[]): string {
  const names = people.map(shownName);
  if (names.length <= 2) return names.join(' and ');
  return names.length === 3
    ? `${names[0]}, ${names[1]} and ${names[2]}`
    : `${names[0]}, ${names[1]} and ${names.length - 2} more`;
}

/** @returns the path of a file as the server's address of it, each name encoded. */
export const fileAddress = (path: string): string => `/files/${path.split('/').map(encodeURIComponent).join('/')}`;
