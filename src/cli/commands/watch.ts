// `client watch`: on a terminal a live view; otherwise one line for each event, until Ctrl-C (130) or the server's end
// (6). With --since it prints lines, beginning after an event.

import { SyncError } from '../../core/errors.js';
import type { EventPlace } from '../../core/events.js';
import type { SideNames } from '../../core/side-name.js';
import type { CommandContext } from '../context.js';
import { EXIT_INTERRUPTED } from '../exit-codes.js';
import { isDumb } from '../render/colors.js';
import { eventText, isWorthALine } from '../render/event.js';
import { exceptionsOf } from '../render/status.js';
import { usageError } from '../report-error.js';
import { sidesOf } from '../side-names.js';

export async function watch(context: CommandContext, flags: { readonly since?: string } = {}): Promise<number> {
  const since = flags.since === undefined ? undefined : placeOf(flags.since);
  if (since === undefined && isForPeople(context)) return liveView(context);
  const api = await context.api();
  let sides: SideNames | null = null;
  for await (const event of api.watch({ since, signal: context.signal })) {
    if (context.json) context.out(`${JSON.stringify(event)}\n`);
    else if (isWorthALine(event)) {
      // What was said before is not of the present state.
      const isPresent = event.event === 'in-sync' && since === undefined;
      const butFor = isPresent ? await api.status().then(exceptionsOf, () => '') : '';
      const { client } = context.names;
      if (sides === null || event.event === 'peer-connected') sides = await sidesOf(api);
      const shown = { client, butFor, names: sides };
      context.out(`${eventText(event, new Date(event.time), context.colors, shown)}\n`);
    }
  }
  if (context.signal.aborted) return EXIT_INTERRUPTED;
  throw new SyncError('closed', 'The server has ended the stream of events.');
}

const isForPeople = ({ stdinIsTerminal, stdoutIsTerminal, json, env }: CommandContext): boolean =>
  stdinIsTerminal && stdoutIsTerminal && !json && !isDumb(env);

/**
 * @param text `RUN:ID`, or `ID` of the server's present run.
 * @throws SyncError `usage`.
 */
function placeOf(text: string): EventPlace | number {
  const [, run, digits] = /^(?:([0-9a-z]{1,64}):)?(\d{1,15})$/.exec(text.trim()) ?? [];
  if (digits === undefined) {
    throw usageError(
      `--since takes RUN:ID or ID, not "${text}".`,
      'They are the "run" and the "id" of the last event that you have, as --json shows it.',
    );
  }
  return run === undefined ? Number(digits) : { run, id: Number(digits) };
}

async function liveView(context: CommandContext): Promise<number> {
  const [{ live }, { TerminalWindow }] = await Promise.all([import('../live/live.js'), import('../live/window.js')]);
  const window = new TerminalWindow(process.stdout, process.stdin);
  context.flush();
  try {
    return await live(context, window);
  } finally {
    window.close();
  }
}
