// The program `lockstep serve b --stdio`: serves the server-a at the other end of stdin and stdout, and ends with it. It
// says what it has to say on stderr.
import type { ServerLogger } from '../../log.js';
import { carrierOver } from '../../wire/socket/multiplex.js';
import { packageVersion } from '../version.js';
import { GREETING } from './greeting.js';
import { makeDirectory } from './make-directory.js';
import { serverBOptions } from './options.js';
import { serve } from './run.js';

await serve(
  serverBOptions,
  async ({ dir, ignore, versionLimits, limit, create }, log) => {
    if (create) makeDirectory(dir);
    const { openServerB } = await import('../../sync/server-b.js');
    const server = openServerB({ dir, ignore, versionLimits, limit, version: packageVersion(), log });
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
