// Asks a person yes or no. The prompt of the library inverts its answer at Escape and then shows a struck-out Yes; here
// Escape means No, and No stays on the screen.
import type { ReadStream, WriteStream } from 'node:tty';
import { ConfirmPrompt, wrapTextWithPrefix } from '@clack/core';
import { S_BAR, S_BAR_END, S_RADIO_ACTIVE, S_RADIO_INACTIVE, symbol } from '@clack/prompts';
import pc from 'picocolors';

interface Streams {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly signal: AbortSignal;
}

/** @returns whether the answer is yes; Enter alone means No. */
export async function agreement(message: string, streams: Streams): Promise<boolean> {
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

const option = (word: string, isChosen: boolean): string =>
  isChosen ? `${pc.green(S_RADIO_ACTIVE)} ${word}` : pc.dim(`${S_RADIO_INACTIVE} ${word}`);
