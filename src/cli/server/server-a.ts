// The program `server-a`: its arguments in, a running server out.
import { readSecretFile } from '../../wire/socket/secret.js';
import { packageVersion } from '../version.js';
import { boundGarbage } from './heap.js';
import { makeDirectory } from './make-directory.js';
import { serverAOptions } from './options.js';
import { serve } from './run.js';

boundGarbage();
await serve(
  serverAOptions,
  async ({ log: _format, verbose: _verbose, quiet: _quiet, secretFile, create, ...settings }, log) => {
    if (create) makeDirectory(settings.dir);
    const secret = secretFile === null ? undefined : readSecretFile(secretFile);
    const { startServerA } = await import('../../sync/server-a.js');
    return startServerA({ ...settings, secret, version: packageVersion(), log });
  },
);
