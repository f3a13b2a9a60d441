// Who has lost a lock without having given it back is told at his next command, whatever that is: in a sentence on stderr,
// or with --json as a field of what the command answers.
import type { NoticeRow } from '../../wire/client-api/methods.js';
import type { Api, CommandContext } from '../context.js';
import { minuteText } from '../render/time.js';
import { shownName } from '../render/width.js';

/** Runs `command` in a room whose first question to the server is what there is to tell. @returns its exit code. */
export async function withNotices(
  context: CommandContext,
  command: (context: CommandContext) => Promise<number>,
): Promise<number> {
  let api: Api | null = null;
  let untold: readonly NoticeRow[] = [];
  const hear = (notices: readonly NoticeRow[]): void => {
    if (context.json) untold = [...untold, ...notices];
    else for (const notice of notices) context.err(`${noticeText(notice)}\n`);
  };
  const ask = async (): Promise<Api> => {
    // Asked for again and again, as a connection that was lost is another one now.
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

/** @returns the first object of `text` with the notices in it. */
function withField(text: string, notices: readonly NoticeRow[]): string {
  const rest = text.slice(1);
  return `{"notices":${JSON.stringify(notices)}${rest.startsWith('}') ? '' : ','}${rest}`;
}

/** @returns the sentence for a lock that was lost. */
function noticeText({ path, reason, by, time }: NoticeRow): string {
  const how =
    reason === 'expired' ? 'has expired' : `was ${reason === 'stolen' ? 'taken' : 'broken'} by ${shownName(by)}`;
  return `Note: your lock on ${shownName(path)} ${how} (${minuteText(time)}).`;
}
