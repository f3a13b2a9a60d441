// The program `server-b`.
import { readTable } from '../config/table.js';
import { NO_TABLE } from '../context.js';
import { isOn } from '../switch.js';
import { packageVersion } from '../version.js';
import { boundGarbage } from './heap.js';
import { makeDirectory } from './make-directory.js';
import { serverBOptions } from './options.js';
import { serve } from './run.js';
import { openTrust } from './trust.js';

boundGarbage();
const { argv, env } = process;
const isChild = process.connected === true;
const isStdio = argv.includes('--stdio') || isOn(env.LOCKSTEP_B_STDIO ?? '');
if (isStdio) await import('./stdio.js');
else
  await serve(
    // The child of a pair is given all that counts.
    (args, env, print) =>
      serverBOptions(args, env, print, (kinds) => (isChild ? NO_TABLE : readTable(env, 'server-b', () => kinds))),
    async (
      { log: _format, verbose: _verbose, quiet: _quiet, onEvent: _onEvent, secretFile, keys, create, ...settings },
      log,
    ) => {
      if (create) makeDirectory(settings.dir);
      const trust = openTrust({ secretFile, keys }, log);
      const { startServerB } = await import('../../sync/server-b.js');
      return startServerB({ ...settings, ...trust, version: packageVersion(), log });
    },
  );
