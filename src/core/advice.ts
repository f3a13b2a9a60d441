// Advice: a sentence in which the steps that a person can take stand as data. The engine knows the step, not how it is
// typed or clicked: a command line words it with its own name, a page makes a button of it.

/** What ends a halt. */
type Confirm = 'accept-deletes' | 'new-partner' | 'accept-rollback' | 'accept-lost-locks';

/** One step. The list is closed: whoever shows advice has words for all of it. */
export type Step =
  | { readonly do: 'list' | 'locks' | 'status' | 'conflicts' | 'flush' }
  /** `path`: the earlier contents of one file. */
  | { readonly do: 'versions'; readonly path?: string }
  | { readonly do: 'resume'; readonly confirm?: Confirm }
  /** `files` is a path or a glob; `wait`: stand in line for it. */
  | { readonly do: 'lock'; readonly files: string; readonly wait?: boolean }
  /** The listing, of the files that a glob matches. */
  | { readonly do: 'find'; readonly files: string }
  | { readonly do: 'unlock' | 'ask'; readonly path: string }
  | { readonly do: 'rename'; readonly path: string; readonly to: string }
  /** A directory with all that is in it. */
  | { readonly do: 'delete-all'; readonly path: string }
  /** The same once more, with leave to replace what is there. */
  | { readonly do: 'overwrite' }
  /** The same once more, keeping another content of a conflict. */
  | { readonly do: 'keep'; readonly keep: 'a' | 'b' | 'both' };

/** The parts of a sentence, in order. */
export type Advice = readonly (string | Step)[];

/** @returns the advice that a template spells: text and names become text, steps stay. */
export function advise(texts: TemplateStringsArray, ...parts: readonly (string | Step)[]): Advice {
  const advice: (string | Step)[] = [];
  for (const part of texts.flatMap((text, at) => [text, ...parts.slice(at, at + 1)])) {
    const last = advice.at(-1);
    if (typeof part === 'string' && typeof last === 'string') advice[advice.length - 1] = last + part;
    else if (part !== '') advice.push(part);
  }
  return advice;
}
