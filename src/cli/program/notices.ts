// Tells an owner at his next command, whichever it is, that he has lost a lock without releasing it, that somebody asks
// him for one, or that a file which he wanted to lock is free: as a sentence on stderr, or with --json as a field of the result.
import type { NoticeRow } from '../../wire/client-api/notice.js';
import { adviceText } from '../../wire/frame/advice-text.js';
import type { Api, CommandContext } from '../context.js';
import { minuteText } from '../render/time.js';
import { shownName } from '../render/width.js';

/**
 * Runs `command` in a context that requests the notices before the first query.
 * @returns the exit code.
 */
export async function withNotices(
  context: CommandContext,
  command: (context: CommandContext) => Promise<number>,
): Promise<number> {
  let api: Api | null = null;
  let untold: readonly NoticeRow[] = [];
  const hear = (notices: readonly NoticeRow[]): void => {
    if (context.json) untold = [...untold, ...notices];
    else for (const notice of notices) context.err(`${noticeText(notice, context.names.client)}\n`);
  };
  const ask = async (): Promise<Api> => {
    // Requested again for each connection, because a lost connection is replaced.
    const connected = await context.api();
    if (connected !== api) {
      api = connected;
      hear(await connected.notices());
    }
    return connected;
  };
  const out = (text: string): void => {
    context.out(untold.length > 0 && text.startsWith('{') ? withField(text, untold) : text);
    if (text.startsWith('{')) untold = [];
  };
  return command(context.json ? { ...context, api: ask, out } : { ...context, api: ask });
}

/** @returns `text` with the notices added to its first object. */
function withField(text: string, notices: readonly NoticeRow[]): string {
  const rest = text.slice(1);
  return `{"notices":${JSON.stringify(notices)}${rest.startsWith('}') ? '' : ','}${rest}`;
}

/** @returns the sentence about a lock that is lost, asked for, or free. */
function noticeText(notice: NoticeRow, client: string): string {
  const { path, reason, by, time } = notice;
  if (reason === 'asked') return askedText(notice, client);
  if (reason === 'free') return freeText(notice, client);
  const how =
    reason === 'expired' ? 'has expired' : `was ${reason === 'stolen' ? 'taken' : 'broken'} by ${shownName(by)}`;
  return `Note: your lock on ${shownName(path)} ${how} (${minuteText(time)}).`;
}

function askedText({ path, by, time, message }: NoticeRow, client: string): string {
  const why = message === undefined ? '' : `: "${shownName(message)}"`;
  const unlock = shownName(adviceText([{ do: 'unlock', path }], client));
  return `Note: ${shownName(by)} asks you to unlock ${shownName(path)}${why} (${minuteText(time)}). Unlock it with: ${unlock}`;
}

function freeText({ path, time, holder }: NoticeRow, client: string): string {
  const since = minuteText(time);
  if (holder !== undefined)
    return `Note: ${shownName(path)} was free (${since}), and ${shownName(holder)} has locked it since.`;
  const lock = shownName(adviceText([{ do: 'lock', files: path }], client));
  return `Note: ${shownName(path)} is free (since ${since}). Lock it with: ${lock}`;
}
