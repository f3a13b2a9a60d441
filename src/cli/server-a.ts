// The program `server-a`: its arguments in, a running server out.
import { readSecretFile } from '../wire/secret.js';
import { boundGarbage } from './heap.js';
import { serve } from './serve.js';
import { serverAOptions } from './server-options.js';
import { packageVersion } from './version.js';

boundGarbage();
await serve(
  serverAOptions,
  async ({ log: _format, verbose: _verbose, quiet: _quiet, secretFile, ...settings }, log) => {
    const secret = secretFile === null ? undefined : readSecretFile(secretFile);
    const { startServerA } = await import('../sync/server-a.js');
    return startServerA({ ...settings, secret, version: packageVersion(), log });
  },
);
