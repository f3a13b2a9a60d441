// Asks a person yes or no. The prompt of the library inverts its answer at Escape and then shows a struck-out Yes; here
// Escape means No, and No stays on the screen.
import { createInterface } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { ConfirmPrompt, wrapTextWithPrefix } from '@clack/core';
import { S_BAR, S_BAR_END, S_RADIO_ACTIVE, S_RADIO_INACTIVE, symbol } from '@clack/prompts';
import pc from 'picocolors';
import { isDumb } from '../render/colors.js';

interface Streams {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly signal: AbortSignal;
}

/** @returns whether the answer is yes; Enter alone means No. */
export async function agreement(message: string, streams: Streams): Promise<boolean> {
  if (isDumb(process.env)) return plainAgreement(message, streams);
  const prompt = new ConfirmPrompt({
    ...streams,
    active: 'Yes',
    inactive: 'No',
    initialValue: false,
    render() {
      const isOver = this.state === 'submit' || this.state === 'cancel';
      const yes = this.value === true && this.state !== 'cancel';
      const bar = isOver ? pc.gray(S_BAR) : pc.cyan(S_BAR);
      const question = wrapTextWithPrefix(streams.output, message, `${pc.gray(S_BAR)}  `, `${symbol(this.state)}  `);
      const head = `${pc.gray(S_BAR)}\n${question}\n${bar}  `;
      if (isOver) return `${head}${pc.dim(yes ? 'Yes' : 'No')}`;
      return `${head}${option('Yes', yes)} ${pc.dim('/')} ${option('No', !yes)}\n${pc.cyan(S_BAR_END)}\n`;
    },
  });
  return (await prompt.prompt()) === true;
}

/** The same for a terminal that understands no escape codes. */
async function plainAgreement(message: string, { input, output, signal }: Streams): Promise<boolean> {
  const lines = createInterface({ input, terminal: false });
  const end = () => lines.close();
  signal.addEventListener('abort', end, { once: true });
  output.write(`${message} [y/N] `);
  const answer = await new Promise<string>((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
  });
  signal.removeEventListener('abort', end);
  lines.close();
  return /^\s*y(es)?\s*$/i.test(answer);
}

const option = (word: string, isChosen: boolean): string =>
  isChosen ? `${pc.green(S_RADIO_ACTIVE)} ${word}` : pc.dim(`${S_RADIO_INACTIVE} ${word}`);
