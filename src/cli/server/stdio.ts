// The program `lockstep serve b --stdio`: serves the server-a at the other end of stdin and stdout, and ends with it. It
// says what it has to say on stderr.
import { callerlessGone } from '../../disk/state/leaving.js';
import type { ServerLogger } from '../../log.js';
import { carrierOver } from '../../wire/socket/multiplex.js';
import { readTable } from '../config/table.js';
import { packageVersion } from '../version.js';
import { GREETING } from './greeting.js';
import { makeDirectory } from './make-directory.js';
import { serverBOptions } from './options.js';
import { serve } from './run.js';

/** A server whose connection was cut ends so much later at the latest than it notices, in milliseconds. */
const MARGIN_MS = 5_000;

await serve(
  (args, env, print) => serverBOptions(args, env, print, (kinds) => readTable(env, 'server-b', () => kinds)),
  async ({ dir, ignore, versionLimits, limit, autoLock, showLocks, name, create }, log) => {
    if (create) makeDirectory(dir);
    const { CARRIER_SILENCE_MS, openServerB } = await import('../../sync/server-b.js');
    await callerlessGone(dir, CARRIER_SILENCE_MS + MARGIN_MS, ({ pid }) =>
      log.warn(`Waiting for process ${pid} to end, which serves ${dir} to a server-a that may be gone.`),
    );
    const options = { dir, ignore, versionLimits, limit, autoLock, showLocks, name };
    const server = openServerB({ ...options, version: packageVersion(), log });
    process.stdout.write(`${GREETING}\n`);
    const ended = server.over(carrierOver(process.stdin, process.stdout));
    return { ended, stop: server.stop, failed: new Promise(() => {}) };
  },
  process.stderr,
  warnings,
);

/** Server-a tells the events. */
function warnings(log: ServerLogger): ServerLogger {
  return { ...log, event: () => {} };
}
