// The program `server-a`: its arguments in, a running server out.
import { serve } from './serve.js';
import { serverAOptions } from './server-options.js';
import { packageVersion } from './version.js';

await serve(serverAOptions, async ({ log: _format, verbose: _verbose, quiet: _quiet, ...settings }, log) => {
  const { startServerA } = await import('../sync/server-a.js');
  return startServerA({ ...settings, version: packageVersion(), log });
});
