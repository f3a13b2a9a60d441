// The output of a server: one line for each event, as text for people or as JSON for scripts. With JSON nothing else is
// written to stdout.

import type { NumberedEvent } from '../../core/events.js';
import { escapeControls } from '../../core/path.js';
import { type SideNames, UNNAMED } from '../../core/side-name.js';
import type { ServerLogger } from '../../log.js';
import { type Colors, colorsFor } from '../render/colors.js';
import { eventText, isWorthALine } from '../render/event.js';
import { safeText } from '../render/safe.js';
import { clockText, datedClockText } from '../render/time.js';

interface EventLoggerOptions {
  readonly format: 'text' | 'json';
  /** Whether to write only warnings, problems, halts and conflicts. */
  readonly quiet: boolean;
  /** Whether to write details too. */
  readonly verbose: boolean;
  /** Whether lines of text begin with the date. */
  readonly dated?: boolean;
  readonly colors?: Colors;
  out(text: string): void;
  err(text: string): void;
  /** @returns what keeps both sides from being equal, as `exceptions` words it. */
  butFor?(): string;
  /** @returns the client as it is to be typed. */
  client?(): string;
  /** @returns what the sides are called. */
  names?(): SideNames;
  /** @returns the present time. */
  now?(): Date;
}

const SAID_QUIETLY: ReadonlySet<NumberedEvent['event']> = new Set(['problem', 'halted', 'conflict']);

/** @returns the logger of a server program. */
export function eventLogger(options: EventLoggerOptions): ServerLogger {
  const { format, quiet, verbose, dated = false } = options;
  const colors = options.colors ?? colorsFor(false);
  const now = options.now ?? (() => new Date());
  const aside = (word: string, text: string): void => {
    const line = `${colors.dim((dated ? datedClockText : clockText)(now()))}  ${word}  ${escapeControls(text)}\n`;
    if (format === 'json') options.err(line);
    else options.out(line);
  };
  return {
    event(event) {
      if (quiet && !SAID_QUIETLY.has(event.event)) return;
      if (format === 'json') options.out(safeText(`${JSON.stringify(event)}\n`));
      else if (isWorthALine(event)) {
        // Problems are counted for it: not for each of 100,000 files.
        const butFor = event.event === 'in-sync' ? (options.butFor?.() ?? '') : '';
        const names = options.names?.() ?? UNNAMED;
        const context = { dated, client: options.client?.() ?? 'client', butFor, names };
        options.out(safeText(`${eventText(event, new Date(event.time), colors, context)}\n`));
      }
    },
    detail(text) {
      if (verbose) aside('detail', text);
    },
    warn(text) {
      aside(colors.yellow('warning'), text);
    },
  };
}
