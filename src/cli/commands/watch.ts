// `client watch`: on a terminal a view that is drawn anew; else everything that happens, a line each, until Ctrl-C (130)
// or the server's end (6).
import { SyncError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import { EXIT_INTERRUPTED } from '../exit-codes.js';
import { eventText } from '../render/event.js';

export async function watch(context: CommandContext): Promise<number> {
  if (context.stdinIsTerminal && context.stdoutIsTerminal && !context.json && context.env.TERM !== 'dumb')
    return liveView(context);
  const api = await context.api();
  for await (const said of api.events(context.signal)) {
    const { time, ...event } = said;
    context.out(
      context.json ? `${JSON.stringify({ time, ...event })}\n` : `${eventText(said, new Date(time), context.colors)}\n`,
    );
  }
  if (context.signal.aborted) return EXIT_INTERRUPTED;
  throw new SyncError('closed', 'The server has ended the stream of events.');
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
