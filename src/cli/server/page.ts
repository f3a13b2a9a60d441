// Serves the page beside a server-a that runs, and says where.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defaultUser } from '../../client/user-name.js';
import { quote } from '../../core/path.js';
import { systemTrouble } from '../../core/system-error.js';
import { PageLogins } from '../../disk/state/page-logins.js';
import type { RunningServerA } from '../../sync/running-server.js';
import type { RunningPage, Tls } from '../../web/start.js';
import { readSecretFile } from '../../wire/socket/secret.js';
import { packageFile } from '../package-file.js';
import { inTheirNames } from '../program-name.js';
import { usageError } from '../report-error.js';
import { packageVersion } from '../version.js';
import { clientFor } from './client-typed.js';
import type { ServerASettings } from './options.js';
import type { WebPlace } from './web-place.js';

/** What of the settings is used. */
type PageSettings = Pick<ServerASettings, 'web' | 'metricsTokenFile' | 'log' | 'quiet' | 'keys' | 'secretFile' | 'dir'>;

/**
 * @param server is stopped where the page cannot be served.
 * @param say prints a line beside the log.
 * @returns the server, which stops with its page.
 * @throws SyncError `usage` where the page cannot be served there.
 */
export async function withPage(
  server: RunningServerA,
  settings: PageSettings,
  log: { warn(text: string): void },
  say: (text: string) => void,
): Promise<RunningServerA> {
  const { web, metricsTokenFile, dir } = settings;
  if (web === null) return server;
  try {
    const metricsToken = metricsTokenFile === null ? null : readSecretFile(metricsTokenFile).key.toString('hex');
    const client = clientFor(server, settings);
    const kept = new PageLogins(dir, (text) => log.warn(text));
    const { startWeb } = await import('../../web/start.js');
    const page = await startWeb({
      ...{ host: web.host, port: web.port, tls: tlsOf(web), metricsToken, kept, access: accessOf(settings) },
      worded: (text) => inTheirNames(text, { client }),
      ...{ assets: fileURLToPath(packageFile('dist/web/assets')), pair: server, version: packageVersion(), log },
    });
    server.servePage(page);
    say(announcement(page, settings, client));
    const stop = async (): Promise<void> => {
      await page.stop();
      await server.stop();
    };
    return { ...server, stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** @returns how names are proved, so that logins end where that changes: with another secret, nobody who had the old one stays. */
function accessOf({ keys, secretFile }: PageSettings): string {
  if (keys !== null) return 'keys';
  if (secretFile === null) return 'this machine';
  return `secret ${createHash('sha256').update(readSecretFile(secretFile).key).digest('hex')}`;
}

/**
 * A terminal shows the address with its token to whoever started the server, unless people have keys. A log is read by
 * others, and kept.
 */
function announcement(page: RunningPage, { log, quiet, keys }: PageSettings, client: string): string {
  const { address } = page;
  if (log === 'json') return `${JSON.stringify({ time: new Date().toISOString(), event: 'page', address })}\n`;
  if (quiet) return '';
  if (keys !== null || !process.stdout.isTTY) return `page ${address} (the address that opens it: ${client} web)\n`;
  const name = process.env.LOCKSTEP_USER || defaultUser();
  return `page ${page.addressFor({ name, person: null })} (opens once, for ten minutes; another: ${client} web)\n`;
}

const tlsOf = ({ files }: WebPlace): Tls | null =>
  files === null ? null : { cert: textOf('--web-cert', files.cert), key: textOf('--web-key', files.key) };

/** @throws SyncError `usage`. */
function textOf(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw usageError(`The file ${quote(file)} of ${option} cannot be read: ${systemTrouble(cause).why}.`);
  }
}
