// Shows a first contact before anything is touched, and asks a person at a terminal.
import type { ReadStream, WriteStream } from 'node:tty';
import type { SideNames } from '../../core/side-name.js';
import type { PlanPreview } from '../../wire/client-api/plan.js';
import { DEFAULT_COLUMNS, wrapped } from '../help/layout.js';
import { agreement } from '../menu/agreement.js';
import { wayText } from '../render/event.js';
import { planSummary } from '../render/plan.js';
import { shownName } from '../render/width.js';
import { usageError } from '../report-error.js';

/** The most names that are shown; `lockstep plan` shows all. */
const MAX_NAMES = 10;

interface Terminal {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

/** Whom to ask, and how. */
interface Asked {
  /** Whether nobody is to be asked. */
  readonly yes: boolean;
  /** The terminal of a person; null where there is none. */
  readonly terminal: Terminal | null;
  /** Ends the question. */
  readonly signal: AbortSignal;
  /** What the sides are called. */
  readonly names?: SideNames;
  /** Prints lines. */
  readonly say: (text: string) => void;
}

/**
 * Shows `preview`, and asks whether to carry it out.
 * @returns whether to; false where the question was ended.
 * @throws SyncError `usage` where there is nobody to ask.
 */
export async function firstContactAgreed(
  preview: PlanPreview,
  { yes, terminal, signal, say, names }: Asked,
): Promise<boolean> {
  const summary = planSummary(preview, names);
  if (!yes && terminal === null)
    throw usageError(
      `The two directories meet for the first time, and both have files. ${summary}`,
      'Nothing is touched. Carry it out with --yes, or see all of it with: lockstep serve a --dry-run',
    );
  const columns = terminal?.output.columns ?? DEFAULT_COLUMNS;
  say(`${[wrapped(summary, columns), ...pathsDecidedByTime(preview, names)].join('\n')}\n`);
  if (yes) return true;
  // What has been said is gathered; the question must come after it.
  await new Promise((resolve) => setImmediate(resolve));
  return agreement('Carry this out?', { ...terminal!, signal });
}

function pathsDecidedByTime({ plan }: PlanPreview, names?: SideNames): string[] {
  const rows = plan.filter(({ why }) => why === 'newer');
  if (rows.length === 0) return [];
  const paths = rows.slice(0, MAX_NAMES).map(({ from, path }) => `  ${wayText(from, names)}  ${shownName(path)}`);
  const more = rows.length > MAX_NAMES ? [`  and ${rows.length - MAX_NAMES} more`] : [];
  return ['Of two different contents the newer stays, and the other goes to versions:', ...paths, ...more];
}
