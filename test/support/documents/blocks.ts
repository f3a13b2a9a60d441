// The blocks of a document that show what somebody types: found, and taken apart into commands and what they print.

/** A fenced block, with the directives of the HTML comments right above it. */
export interface Block {
  /** Where its text begins and ends among the lines of the document. */
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
  readonly directives: readonly Directive[];
}

/** `<!-- name: text -->`; several of them in one comment stand on lines of their own. */
export interface Directive {
  readonly name: string;
  readonly text: string;
}

/** A command of a block, and the lines below it. */
export interface Typed {
  /** Who types it, or at which machine; '' where the prompt has no name. */
  readonly who: string;
  readonly command: string;
  /** The command as the document has it, prompts and continuations included. */
  readonly shown: readonly string[];
  readonly printed: readonly string[];
}

const FENCE = /^```(\w*)$/;
const PROMPT = /^([a-z][\w-]*)?\$ (.*)$/;
const MORE = /^> ?(.*)$/;
/** What a block without prompts has to be marked as to be commands all the same. */
const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash']);

/** @returns the blocks of a document that show commands or messages, and must be run or say why not. */
export function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = FENCE.exec(lines[at]!);
    if (fence === null) continue;
    const to = lines.indexOf('```', at + 1);
    if (to < 0) throw new Error(`The block of line ${at + 1} has no end.`);
    const text = lines.slice(at + 1, to);
    const directives = directivesAbove(lines, at);
    const isTyped = text.some((line) => PROMPT.test(line) || line.startsWith('→ '));
    if (isTyped || SHELLS.has(fence[1]!) || directives.some(({ name }) => name === 'says'))
      blocks.push({ from: at + 1, to, lines: text, directives });
    at = to;
  }
  return blocks;
}

/** The comments right above line `at`, with nothing but empty lines between them. */
function directivesAbove(lines: readonly string[], at: number): Directive[] {
  const found: Directive[] = [];
  let end = at - 1;
  for (;;) {
    while (end >= 0 && lines[end]!.trim() === '') end--;
    if (end < 0 || !lines[end]!.endsWith('-->')) return found;
    let start = end;
    while (start > 0 && !lines[start]!.startsWith('<!--')) start--;
    const text = lines.slice(start, end + 1).join('\n');
    found.unshift(...directivesIn(text.replace(/^<!--|-->$/g, '')));
    end = start - 1;
  }
}

const directivesIn = (text: string): Directive[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      const [name, rest] = colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1)];
      return { name: name.trim(), text: rest.trim() };
    });

/** @returns the commands of a block, in order. A block without prompts has a command on each line. */
export function commandsOf({ lines }: Pick<Block, 'lines'>): Typed[] {
  if (!lines.some((line) => PROMPT.test(line)))
    return lines
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
      .map((line) => ({ who: '', command: line.replace(/\s+#.*$/, ''), shown: [line], printed: [] }));
  const typed: { who: string; command: string; shown: string[]; printed: string[] }[] = [];
  for (const line of lines) {
    const prompt = PROMPT.exec(line);
    const last = typed.at(-1);
    if (prompt !== null) typed.push({ who: prompt[1] ?? '', command: prompt[2]!, shown: [line], printed: [] });
    else if (last === undefined) throw new Error(`Nothing was typed above: ${line}`);
    else if (last.printed.length === 0 && MORE.test(line)) {
      last.command += `\n${MORE.exec(line)![1]}`;
      last.shown.push(line);
    } else last.printed.push(line);
  }
  return typed;
}

/**
 * Compares what a document shows with what was printed. A line `…` stands for any lines, a line that ends in `…` for any
 * line that begins like it.
 */
export function isShown(shown: readonly string[], printed: readonly string[]): boolean {
  const [first, ...rest] = shown;
  if (first === undefined) return printed.length === 0;
  if (first === '…') return printed.some((_, n) => isShown(rest, printed.slice(n))) || isShown(rest, []);
  return printed.length > 0 && isLine(first, printed[0]!) && isShown(rest, printed.slice(1));
}

/** @returns whether a line that was printed is the one that a document shows. */
export function isLine(shown: string, printed: string): boolean {
  const [wanted, said] = [withoutNumber(shown), withoutNumber(printed)];
  return wanted.endsWith('…') ? said.startsWith(wanted.slice(0, -1)) : wanted === said;
}

/** The number of an event differs from run to run. */
const withoutNumber = (line: string): string => line.replace(/("run":"[0-9a-f]+","id":)\d+/, '$1');
