// Asks a person at a terminal. Files are picked by typing parts of their names or their indexes.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { autocomplete, isCancel, text } from '@clack/prompts';
import { fitted } from '../render/width.js';
import { agreement } from './agreement.js';
import { type Asker, BACK, type Back, type Choice } from './asker.js';
import { TypeAhead } from './type-ahead.js';

/** The lines of the picker besides its files. */
const PICKER_LINES = 7;
/** The prefix that a picker draws before a name. */
const PICKER_MARGIN = 8;

interface Streams {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly signal: AbortSignal;
}

export function peopleAsker(input: ReadStream, output: WriteStream, signal: AbortSignal): Asker {
  // A pseudo-terminal may tell no size; the prompts would wrap at no column.
  output.columns ||= 80;
  output.rows ||= 24;
  /** Each question listens for the end of the input while it is asked. */
  const put = async <T>(question: (streams: Streams) => Promise<T>): Promise<T> => {
    const over = new AbortController();
    const stop = () => over.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await question({ input, output, signal: over.signal });
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };
  return {
    isPerson: true,
    choice: (menu) => lineFrom(input, output, menu),
    async pick(message, choices) {
      const ahead = new TypeAhead(input);
      const all = await choices().finally(() => ahead.end());
      if (all.length === 0 || ahead.isBack) return BACK;
      const options = all.map((choice) => optionFor(choice, output.columns - PICKER_MARGIN));
      const wanted = new Map(all.map((choice) => [choice.target, choice]));
      const byNumber = new Set(all.map(({ index }) => index));
      return orBack(
        await put((streams) =>
          autocomplete<string>({
            ...streams,
            message,
            placeholder: 'type a name or number',
            maxItems: Math.max(3, Math.min(12, output.rows - PICKER_LINES)),
            options,
            initialUserInput: ahead.text,
            validate: (picked) =>
              picked === undefined ? 'No file is picked: go on typing, or go back with Escape.' : undefined,
            filter: (search, { value }) => matches(search, wanted.get(value)!, byNumber),
          }),
        ),
      );
    },
    async words({ message, initial = '', objection }, more) {
      const validate = (value: string | undefined) => notEmpty(value) ?? objection?.(value ?? '');
      const first = orBack(await put((streams) => text({ ...streams, message, initialValue: initial, validate })));
      if (first === BACK || more === null) return first === BACK ? BACK : [first];
      const initialValue = more.initial(first);
      const second = orBack(
        await put((streams) => text({ ...streams, message: more.message, initialValue, validate: notEmpty })),
      );
      return second === BACK ? BACK : [first, second];
    },
    agrees: (message) => put((streams) => agreement(message, streams)),
    unchanged: () => void output.write('Nothing was changed.\n'),
    close: () => {},
  };
}

const orBack = (answer: string | symbol): string | Back => (isCancel(answer) ? BACK : (answer as string));

const notEmpty = (value: string | undefined): string | undefined =>
  value === undefined || value.trim() === '' ? 'Type a name, or go back with Escape.' : undefined;

function optionFor({ target, index, name, note }: Choice, columns: number): { value: string; label: string } {
  const front = `${index}  `;
  const behind = note === '' ? '' : `  (${note})`;
  const context = columns - front.length - behind.length;
  const fits = context >= 12;
  return {
    value: target,
    label: `${front}${fitted(name, Math.max(4, fits ? context : columns - front.length), 'middle')}${fits ? behind : ''}`,
  };
}

/** An index of a file means that file; otherwise every word has to be part of the name. */
function matches(search: string, { index, name }: Choice, numbers: ReadonlySet<string>): boolean {
  const typed = search.trim();
  if (numbers.has(typed)) return index === typed;
  const lower = name.toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}

/** Reads one line with the editing of a terminal; BACK at Ctrl-C, null at Ctrl-D. */
async function lineFrom(input: ReadStream, output: WriteStream, prompt: string): Promise<string | Back | null> {
  const lines = createInterface({ input, output, terminal: true, historySize: 0 });
  const [first, last] = splitAtLastLine(prompt);
  output.write(first);
  lines.setPrompt(last);
  lines.prompt();
  const stop = new AbortController();
  const { signal } = stop;
  try {
    const line = once(lines, 'line', { signal });
    lines.once('line', () => lines.close()); // what was typed behind it is no line of the menu
    return await Promise.race([
      line.then(([typed]) => typed as string),
      once(lines, 'SIGINT', { signal }).then((): Back => BACK),
      once(lines, 'close', { signal }).then(() => null),
    ]);
  } finally {
    stop.abort();
    lines.close();
  }
}

function splitAtLastLine(text: string): [string, string] {
  const at = text.lastIndexOf('\n') + 1;
  return [text.slice(0, at), text.slice(at)];
}
