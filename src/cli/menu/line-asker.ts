// Asks a script: each answer is one line of its input. Confirmations are not asked, except for overwriting: there a
// line that is neither yes nor no means no, and is the next choice of the menu.
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { splitWords } from '../shell-words.js';
import { type Asker, BACK, type Back } from './asker.js';

/** @param say writes questions. */
export function lineAsker(input: NodeJS.ReadableStream, say: (text: string) => void): Asker {
  const lines = createInterface({ input, crlfDelay: Infinity, terminal: false });
  const iterator = lines[Symbol.asyncIterator]();
  let kept: string | null = null;
  const next = async (): Promise<string | null> => {
    const line = kept;
    kept = null;
    if (line !== null) return line;
    const { value, done } = await iterator.next();
    say('\n'); // nobody sees what was typed
    return done ? null : (value as string);
  };
  const ask = (question: string): Promise<string | null> => {
    say(`${question} `);
    return next();
  };
  return {
    isPerson: false,
    choice: (menu) => {
      say(menu);
      return next();
    },
    pick: async (message) => orBack(await ask(`${message} (number or name):`)),
    async words({ message }, more) {
      const line = orBack(
        await ask(`${message}${more === null ? '' : ` (and perhaps, ${more.message.toLowerCase()})`}:`),
      );
      if (typeof line !== 'string') return line;
      // A name with spaces needs no quotes where it is the whole line.
      return more === null || existsSync(line) ? [line] : splitWords(line);
    },
    async agrees(message, caution) {
      if (caution !== 'overwrite') return true;
      const line = await ask(`${message} (y/n)`);
      if (line !== null && !/^\s*(y|yes|n|no)?\s*$/i.test(line)) kept = line;
      return line !== null && /^\s*y(es)?\s*$/i.test(line);
    },
    unchanged: () => {},
    close: () => lines.close(),
  };
}

const orBack = (line: string | null): string | Back | null => (line === null ? null : line.trim() === '' ? BACK : line);
