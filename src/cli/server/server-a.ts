// The program `server-a`: its arguments in, a running server out.

import type { PlanPreview } from '../../wire/client-api/plan.js';
import { readSecretFile } from '../../wire/socket/secret.js';
import { planText } from '../render/plan.js';
import { packageVersion } from '../version.js';
import { boundGarbage } from './heap.js';
import { makeDirectory } from './make-directory.js';
import { serverAOptions } from './options.js';
import { serve } from './run.js';

boundGarbage();
await serve(
  serverAOptions,
  async (
    { log: format, verbose: _verbose, quiet: _quiet, onEvent: _onEvent, secretFile, create, dryRun, ...settings },
    log,
    say,
  ) => {
    if (create) makeDirectory(settings.dir);
    const secret = secretFile === null ? undefined : readSecretFile(secretFile);
    const { startServerA } = await import('../../sync/server-a.js');
    const options = { ...settings, secret, version: packageVersion(), log };
    if (!dryRun) return startServerA(options);
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const ask = async (preview: PlanPreview): Promise<boolean> => {
      say(format === 'json' ? `${JSON.stringify(preview)}\n` : planText(preview));
      end();
      return false;
    };
    return { ...(await startServerA({ ...options, gate: { before: 'everything', ask } })), ended };
  },
);
