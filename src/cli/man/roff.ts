// Converts text to roff so that man shows it unchanged: no text must become a request, an escape or a typographer's
// quote.

/** ASCII characters that roff treats as escapes or replaces, with the names of the plain ones. */
const NAMES: Readonly<Record<string, string>> = {
  '\\': '\\(rs',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

/** @returns `text` as a part of a line. */
export const roff = (text: string): string =>
  text
    .replace(/[\\\-'`^~]/g, (sign) => NAMES[sign]!)
    .replace(/[^\x20-\x7e\n]/gu, (sign) => `\\[u${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`);

/** @returns `text` as separate lines. A line that begins with a dot would be a request. */
export const lines = (text: string): string => roff(text).replace(/^(?=\.)/gm, '\\&');

export const bold = (text: string): string => `\\fB${roff(text)}\\fR`;

/** @returns a section with its heading and blocks; nothing where there are no blocks. */
export const section = (title: string, blocks: readonly string[]): string[] =>
  blocks.length === 0 ? [] : [`.SH ${roff(title)}`, ...blocks];

/** @returns a paragraph with a hanging tag; both are roff already. */
export const tagged = (tag: string, text: string): string => ['.TP', tag, ...(text === '' ? [] : [text])].join('\n');

/** @returns lines that are shown unchanged. */
export const verbatim = (text: string): string => ['.nf', lines(text), '.fi'].join('\n');
