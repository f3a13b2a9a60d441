// Text as roff, so that man shows it to the letter: what stands for itself in a text must not be a request, an escape or
// a typographer's quote there.

/** ASCII that roff takes for an escape or turns into another character; the plain one has a name. */
const NAMES: Readonly<Record<string, string>> = {
  '\\': '\\(rs',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

/** @returns `text` as a piece of a line. */
export const roff = (text: string): string =>
  text
    .replace(/[\\\-'`^~]/g, (sign) => NAMES[sign]!)
    .replace(/[^\x20-\x7e\n]/gu, (sign) => `\\[u${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`);

/** @returns `text` as lines of their own. A line that begins with a dot would be a request. */
export const lines = (text: string): string => roff(text).replace(/^(?=\.)/gm, '\\&');

export const bold = (text: string): string => `\\fB${roff(text)}\\fR`;

/** @returns a section: its heading and its blocks, nothing where there are no blocks. */
export const section = (title: string, blocks: readonly string[]): string[] =>
  blocks.length === 0 ? [] : [`.SH ${roff(title)}`, ...blocks];

/** @returns a paragraph with a tag hanging in front of it; both are roff already. */
export const tagged = (tag: string, text: string): string => ['.TP', tag, ...(text === '' ? [] : [text])].join('\n');

/** @returns lines that are shown as they are. */
export const verbatim = (text: string): string => ['.nf', lines(text), '.fi'].join('\n');
