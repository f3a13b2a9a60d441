// The program `server-b`.
import { packageVersion } from '../version.js';
import { boundGarbage } from './heap.js';
import { makeDirectory } from './make-directory.js';
import { serverBOptions } from './options.js';
import { serve } from './run.js';
import { openTrust } from './trust.js';

boundGarbage();
if (process.argv.includes('--stdio')) await import('./stdio.js');
else
  await serve(
    serverBOptions,
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
