// The program `server-b`.
import { readSecretFile } from '../../wire/socket/secret.js';
import { packageVersion } from '../version.js';
import { boundGarbage } from './heap.js';
import { makeDirectory } from './make-directory.js';
import { serverBOptions } from './options.js';
import { serve } from './run.js';

boundGarbage();
if (process.argv.includes('--stdio')) await import('./stdio.js');
else
  await serve(
    serverBOptions,
    async (
      { log: _format, verbose: _verbose, quiet: _quiet, onEvent: _onEvent, secretFile, create, ...settings },
      log,
    ) => {
      if (create) makeDirectory(settings.dir);
      const secret = secretFile === null ? undefined : readSecretFile(secretFile);
      const { startServerB } = await import('../../sync/server-b.js');
      return startServerB({ ...settings, secret, version: packageVersion(), log });
    },
  );
