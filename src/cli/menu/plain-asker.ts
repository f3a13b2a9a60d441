// Asks a person at a terminal that understands no escape codes (TERM=dumb): each question is a line, each answer is one.
import { createInterface } from 'node:readline';
import { type Asker, BACK, type Back } from './asker.js';

/** @param say writes questions. */
export function plainAsker(input: NodeJS.ReadableStream, say: (text: string) => void): Asker {
  const lines = createInterface({ input, crlfDelay: Infinity, terminal: false });
  const iterator = lines[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<string | null> => {
    say(question);
    const { value, done } = await iterator.next();
    return done ? null : (value as string).trim();
  };
  /** @param initial the answer that an empty line gives; without one it goes back. */
  const word = async (
    message: string,
    initial: string,
    objection: (answer: string) => string | undefined = () => undefined,
  ): Promise<string | Back | null> => {
    for (;;) {
      const line = await ask(`${message}${initial === '' ? '' : ` [${initial}]`}: `);
      if (line === null) return null;
      const answer = line === '' ? initial : line;
      if (answer === '') return BACK;
      const refusal = objection(answer);
      if (refusal === undefined) return answer;
      say(`${refusal}\n`);
    }
  };
  return {
    isPerson: true,
    choice: (menu) => ask(menu),
    pick: (message) => word(`${message} (number or name)`, ''),
    async words({ message, initial = '', objection }, more) {
      const first = await word(message, initial, objection);
      if (typeof first !== 'string' || more === null) return typeof first === 'string' ? [first] : first;
      const second = await word(more.message, more.initial(first));
      return typeof second === 'string' ? [first, second] : second;
    },
    agrees: async (message) => /^y(es)?$/i.test((await ask(`${message} [y/N] `)) ?? ''),
    unchanged: () => say('Nothing was changed.\n'),
    close: () => lines.close(),
  };
}
