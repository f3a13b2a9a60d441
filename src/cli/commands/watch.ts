// `client watch`: on a terminal a view that is drawn anew; else everything that happens, a line each, until Ctrl-C (130)
// or the server's end (6).
import { SyncError } from '../../core/errors.js';
import type { Room } from '../context.js';
import { EXIT_INTERRUPTED } from '../exit-codes.js';
import { eventText } from '../render/event.js';

export async function watch(room: Room): Promise<number> {
  if (room.stdinIsTerminal && room.stdoutIsTerminal && !room.json && room.env.TERM !== 'dumb') return liveView(room);
  const api = await room.api();
  for await (const said of api.events(room.signal)) {
    const { time, ...event } = said;
    room.out(
      room.json ? `${JSON.stringify({ time, ...event })}\n` : `${eventText(said, new Date(time), room.colors)}\n`,
    );
  }
  if (room.signal.aborted) return EXIT_INTERRUPTED;
  throw new SyncError('closed', 'The server has ended the stream of events.');
}

async function liveView(room: Room): Promise<number> {
  const [{ live }, { TerminalWindow }] = await Promise.all([import('../live/live.js'), import('../live/window.js')]);
  const window = new TerminalWindow(process.stdout, process.stdin);
  room.flush();
  try {
    return await live(room, window);
  } finally {
    window.close();
  }
}
