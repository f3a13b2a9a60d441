// The program `server-a`: its arguments in, a running server out.
import { SyncError } from '../../core/errors.js';
import type { NumberedEvent } from '../../core/events.js';
import type { ServerLogger } from '../../log.js';
import type { PlanPreview } from '../../wire/client-api/plan.js';
import { readTable } from '../config/table.js';
import { planText } from '../render/plan.js';
import { packageVersion } from '../version.js';
import { boundGarbage } from './heap.js';
import { makeDirectory } from './make-directory.js';
import { serverAOptions } from './options.js';
import { withPage } from './page.js';
import { serve } from './run.js';
import { openTrust } from './trust.js';

/** @returns `log`, which is watched, and whether and why the pair is halted. */
function haltOf(log: ServerLogger) {
  let halt: (error: SyncError) => void = () => {};
  const halted = new Promise<SyncError>((resolve) => {
    halt = resolve;
  });
  const event = (happened: NumberedEvent): void => {
    log.event(happened);
    if (happened.event !== 'halted') return;
    watch.isHalted = true;
    halt(new SyncError('halted', happened.message));
  };
  const watch = { isHalted: false, halted, log: { ...log, event } };
  return watch;
}

boundGarbage();
const settingsOf: typeof serverAOptions = (args, env, print) =>
  serverAOptions(args, env, print, (kinds) => readTable(env, 'server-a', () => kinds));

await serve(settingsOf, async (asked, log, say) => {
  const { log: format, verbose: _verbose, quiet: _quiet, onEvent: _onEvent, secretFile, keys, ...more } = asked;
  const { create, dryRun, web: _web, metricsTokenFile: _token, ...settings } = more;
  if (create) makeDirectory(settings.dir);
  const trust = openTrust({ secretFile, keys }, log);
  const { startServerA } = await import('../../sync/server-a.js');
  const options = { ...settings, ...trust, version: packageVersion(), log };
  if (!dryRun) return withPage(await startServerA(options), asked, log, say);
  const watch = haltOf(log);
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const ask = async (preview: PlanPreview): Promise<boolean> => {
    say(format === 'json' ? `${JSON.stringify(preview)}\n` : planText(preview));
    // Of a halted pair the halt is the last word.
    if (!watch.isHalted) end();
    return false;
  };
  const server = await startServerA({ ...options, log: watch.log, gate: { before: 'everything', ask } });
  return { ...server, ended, failed: Promise.race([watch.halted, server.failed]) };
});
