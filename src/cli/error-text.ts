// Formats any thrown value as one line for people or one object for scripts, without its stack.
import type { CommanderError } from 'commander';
import { type ErrorCode, SyncError } from '../core/errors.js';
import { escapeControls } from '../core/path.js';
import { adviceText } from '../wire/frame/advice-text.js';

/** The form of an error for scripts. */
export interface ErrorObject {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/**
 * @param program the name of the client as it is typed.
 * @returns code, message and hint of whatever was thrown.
 */
export function errorObject(error: unknown, program?: string): ErrorObject {
  if (error instanceof SyncError) {
    const { code, message, advice } = error;
    return { code, message, hint: adviceText(advice, program) || error.hint };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'failed', message: `Something went wrong that should not: ${message}`, hint: '' };
}

/** @returns one line with the message and the hint, with control characters escaped. */
export function errorText(error: Pick<ErrorObject, 'message' | 'hint'>): string {
  const message = /[.!?)"]$/.test(error.message) || error.message === '' ? error.message : `${error.message}.`;
  return escapeControls([message, error.hint].filter((part) => part !== '').join(' '));
}

/** @returns commander's message without its label, with its suggestion in the same line. */
export function commanderErrorText(error: CommanderError): string {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest.join(' ').trim();
  const text = first.charAt(0).toUpperCase() + first.slice(1).replace(/\.$/, '');
  return suggestion === '' ? `${text}.` : `${text} ${suggestion.replace('(Did', '(did')}.`;
}
