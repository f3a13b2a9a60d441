// Commander's refusals, as one sentence of ours.
import type { CommanderError } from 'commander';

/** @returns the message without its label, its suggestion in the same line. */
export function commanderSentence(error: CommanderError): string {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest.join(' ').trim();
  const text = first.charAt(0).toUpperCase() + first.slice(1).replace(/\.$/, '');
  return suggestion === '' ? `${text}.` : `${text} ${suggestion.replace('(Did', '(did')}.`;
}
