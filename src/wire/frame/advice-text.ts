// Advice at the edge of the wire. A client in another language reads a sentence, so the steps are worded here as commands
// of the client; no other file of the engine names one. Beside the sentence the advice crosses as data.
import * as v from 'valibot';
import type { Advice, Step } from '../../core/advice.js';
import { shellWord } from '../../core/shell-word.js';

/** What was found, and what can be done about it. */
interface Advised {
  readonly message: string;
  readonly advice?: Advice;
}

const MAX_PARTS = 32;
const MAX_CHARS = 16_384;

const words = v.pipe(v.string(), v.maxLength(MAX_CHARS));
const steps = v.variant('do', [
  v.object({ do: v.picklist(['list', 'locks', 'status', 'conflicts', 'flush']) }),
  v.object({ do: v.literal('versions'), path: v.exactOptional(words) }),
  v.object({
    do: v.literal('resume'),
    confirm: v.exactOptional(v.picklist(['accept-deletes', 'new-partner', 'accept-rollback', 'accept-lost-locks'])),
  }),
  v.object({ do: v.literal('lock'), files: words, wait: v.exactOptional(v.boolean()) }),
  v.object({ do: v.literal('find'), files: words }),
  v.object({ do: v.picklist(['unlock', 'ask']), path: words }),
  v.object({ do: v.literal('rename'), path: words, to: words }),
  v.object({ do: v.literal('delete-all'), path: words }),
  v.object({ do: v.literal('overwrite') }),
  v.object({ do: v.literal('keep'), keep: v.picklist(['a', 'b', 'both']) }),
]) satisfies v.GenericSchema<unknown, Step>;
const advice = v.pipe(v.array(v.union([words, steps])), v.maxLength(MAX_PARTS)) satisfies v.GenericSchema<
  unknown,
  Advice
>;

/** @returns the advice in what a server sent; empty where it is none, or has a step that is not known here. */
export function parseAdvice(value: unknown): Advice {
  const checked = v.safeParse(advice, value, { abortEarly: true });
  return checked.success ? checked.output : [];
}

/**
 * @param program the name of the client as it is to be typed.
 * @returns the sentence; empty for no advice.
 */
export const adviceText = (advice: Advice, program = 'client'): string =>
  advice.map((part) => (typeof part === 'string' ? part : stepText(part, program))).join('');

/** @returns `message`, and then what can be done. */
export const withAdvice = ({ message, advice = [] }: Advised, program = 'client'): string =>
  advice.length === 0 ? message : `${message} ${adviceText(advice, program)}`;

/** @returns `step` as it is typed, each name as one word of a shell. */
function stepText(step: Step, program: string): string {
  const command = (...words: readonly string[]) => [program, ...words].join(' ');
  switch (step.do) {
    case 'versions':
      return step.path === undefined ? command('versions') : command('versions', target(step.path));
    case 'resume':
      return step.confirm === undefined ? command('resume') : command('resume', `--${step.confirm}`);
    case 'lock':
      return command('lock', target(step.files), ...(step.wait === true ? ['--wait'] : []));
    case 'find':
      return command('list', target(step.files));
    case 'unlock':
    case 'ask':
      return command(step.do, target(step.path));
    case 'rename':
      return command('rename', target(step.path), target(step.to));
    case 'delete-all':
      return command('delete', '--recursive', target(step.path));
    case 'overwrite':
      return '--overwrite';
    case 'keep':
      return `--keep ${step.keep}`;
    default:
      return command(step.do);
  }
}

/** A path that would pass for an option or a number is typed with `./` before it. */
const target = (path: string): string => shellWord(/^(?:-|\d+$)/.test(path) ? `./${path}` : path);
