// `client log [TARGET]`: what happened, from the servers' event log, the latest last.
import type { LogOptions } from '../../client/queries.js';
import { type NumberedEvent, pathsOfEvent } from '../../core/events.js';
import { countText } from '../../core/size-text.js';
import type { Target } from '../../wire/client-api/methods.js';
import type { Api, CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { parseBeginning } from '../moment.js';
import { eventText } from '../render/event.js';
import { shownName } from '../render/width.js';
import { sidesOf } from '../side-names.js';
import { listedPaths, mustBeListed, onOneTarget } from '../target/one-target.js';
import { errorOf, globMatcher, matchesNothing, pairPath, parseTarget } from '../target/target.js';

/** On a terminal, and where no beginning is named, so many of the latest are shown. */
const SHOWN = 1_000;

export async function log(
  context: CommandContext,
  target: string | undefined,
  flags: { readonly since?: string } = {},
): Promise<number> {
  const since = flags.since === undefined ? {} : parseBeginning(flags.since, '--since');
  const events = await eventsFor(context, await context.api(), target, since);
  if (context.json) context.out(jsonOf(events));
  else await show(context, events, flags.since === undefined && context.stdoutIsTerminal ? SHOWN : events.length);
  if (!context.json && events.length === 0) context.out(noneText(target, flags.since));
  return EXIT_OK;
}

async function eventsFor(
  context: CommandContext,
  api: Api,
  text: string | undefined,
  since: LogOptions,
): Promise<readonly NumberedEvent[]> {
  const ask = async (options: LogOptions): Promise<readonly NumberedEvent[]> => {
    const { events, damaged = 0 } = await api.log({ ...since, ...options });
    if (damaged > 0) context.err(`${countText(damaged, 'line')} of the log cannot be read.\n`);
    return events;
  };
  if (text === undefined) return ask({});
  const parsed = parseTarget(text);
  if (parsed.kind === 'glob') return matching(context, parsed.glob, ask);
  return onOneTarget(context, text, listedPaths(context), async (target: Target) => {
    const events = await ask({ target });
    if (events.length === 0) mustBeListed(target, await listedPaths(context)(), ', and nothing is logged about it');
    return events;
  });
}

/** The events about all files that a glob matches, also those that are gone. */
async function matching(
  context: CommandContext,
  glob: string,
  ask: (options: LogOptions) => Promise<readonly NumberedEvent[]>,
): Promise<readonly NumberedEvent[]> {
  const all = await ask({ prefix: glob.slice(0, glob.search(/[*?[\]{}!+@(]/)) });
  const exact = all.filter((event) => pathsOfEvent(event).includes(glob));
  const matches = await globMatcher(glob);
  const events = exact.length > 0 ? exact : all.filter((event) => pathsOfEvent(event).some(matches));
  if (events.length > 0) return events;
  const paths = await listedPaths(context)();
  if (!paths.some((path) => path === glob || matches(path))) throw errorOf(matchesNothing(glob));
  return events;
}

const jsonOf = (events: readonly NumberedEvent[]): string =>
  `{"events":[${events.map((event) => JSON.stringify(event)).join(',')}]}\n`;

async function show(context: CommandContext, events: readonly NumberedEvent[], most: number): Promise<void> {
  const left = events.length - most;
  if (left > 0) context.err(`${countText(left, 'earlier event')} left out; see them with --since.\n`);
  const { client } = context.names;
  const names = await sidesOf(await context.api());
  for (const event of events.slice(-most)) {
    context.out(`${eventText(event, new Date(event.time), context.colors, { dated: true, client, names })}\n`);
  }
}

function noneText(target: string | undefined, since: string | undefined): string {
  const about = target === undefined ? '' : ` about ${shownName(pairPath(target))}`;
  return `Nothing is logged${about}${since === undefined ? '' : ' in that time'}.\n`;
}
