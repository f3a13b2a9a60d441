// The program `lockstep up`: server-a in this process, server-b as a child of it or at the end of ssh.
import { existsSync } from 'node:fs';
import { SyncError } from '../../core/errors.js';
import type { NumberedEvent } from '../../core/events.js';
import { quote } from '../../core/path.js';
import { type SideNames, sideNames } from '../../core/side-name.js';
import { writeAddress } from '../../disk/state/address.js';
import type { ServerLogger } from '../../log.js';
import type { PeerTransport } from '../../sync/peer/transport.js';
import type { PlanPreview } from '../../wire/client-api/plan.js';
import { addressText } from '../../wire/socket/address.js';
import { usageError } from '../report-error.js';
import { boundGarbage } from '../server/heap.js';
import { makeDirectory } from '../server/make-directory.js';
import { withPage } from '../server/page.js';
import { serve } from '../server/run.js';
import { packageVersion } from '../version.js';
import { childTransport } from './child-peer.js';
import { firstContactAgreed } from './first-contact.js';
import { type UpSettings, upOptions } from './options.js';
import { remoteCommand } from './place.js';
import { commandTransport } from './ssh-peer.js';

boundGarbage();
await serve(
  (args, env, print) => {
    const settings = upOptions(args, env, print);
    return settings === null ? { printed: true } : { settings };
  },
  async (settings, log, say) => {
    const { dir, create, other, host, port, ignore, rescanMs, guard, versionLimits, limit } = settings;
    const { autoLock, autoLockGraceMs, showLocks, name } = settings;
    for (const one of [dir, other]) if (typeof one === 'string') prepare(one, create);
    const { startServerA } = await import('../../sync/server-a.js');
    let ready = (): void => {};
    let connected = (): void => {};
    let refuse: (error: Error) => void = () => {};
    const refused = new Promise<Error>((resolve) => {
      refuse = resolve;
    });
    const stopping = new AbortController();
    const answerTo = async (preview: PlanPreview): Promise<boolean> => {
      const show = settings.log === 'json' ? (message: string) => say(firstContactLine(message)) : say;
      const asked = { yes: settings.yes, terminal: terminal(), signal: stopping.signal, say: show };
      const agreed = await firstContactAgreed(preview, { ...asked, names: naming(settings) });
      if (!agreed && !stopping.signal.aborted) refuse(new SyncError('failed', 'Nothing was touched.'));
      return agreed;
    };
    const ask = (preview: PlanPreview): Promise<boolean> =>
      answerTo(preview).catch((error) => {
        refuse(error);
        return false;
      });
    const started = await startServerA({
      ...{ dir, host, port, ignore, rescanMs, guard, versionLimits, limit, autoLock, autoLockGraceMs, showLocks, name },
      peer: transportFor(settings, log),
      gate: { before: 'first contact', ask },
      version: packageVersion(),
      log: following(log, { 'peer-connected': () => connected(), 'in-sync': () => ready() }),
    });
    const address = addressText(started);
    connected = () => {
      if (typeof other === 'string') writeAddress(other, { address, side: 'b' }, log.warn);
    };
    ready = () => {
      ready = () => {};
      say(settings.log === 'json' ? `${JSON.stringify({ event: 'ready', address })}\n` : `ready ${address}\n`);
    };
    const server = await withPage(started, settings, log, say);
    const stop = async (): Promise<void> => {
      stopping.abort(); // an open question gives the terminal back as it was
      await server.stop();
    };
    return { ...server, stop, failed: Promise.race([server.failed, refused]) };
  },
);

/** What the sides are called before they have met. */
function naming({ name, nameB }: UpSettings): SideNames {
  return sideNames({ ...(name === null ? {} : { a: name }), ...(nameB === null ? {} : { b: nameB }) });
}

/** Makes a missing directory where that is asked for. @throws SyncError `usage` where it is missing. */
function prepare(dir: string, create: boolean): void {
  if (create) makeDirectory(dir);
  else if (!existsSync(dir)) throw usageError(`The directory ${quote(dir)} does not exist.`, 'Make it with --create.');
}

/** @returns what is shown of a first contact as a line of a log for programs. */
function firstContactLine(message: string): string {
  return `${JSON.stringify({ event: 'first-contact', message: message.trimEnd() })}\n`;
}

/** @returns the terminal of the person who has started this; null where there is none. */
function terminal() {
  const { stdin: input, stdout: output } = process;
  if (!input.isTTY || !output.isTTY) return null;
  output.columns ||= 80; // a pseudo-terminal may tell no size
  return { input, output };
}

/** @returns the way to side b: a child for a directory of this machine, else the command that runs it elsewhere. */
function transportFor({ other, ssh, remote, shared }: UpSettings, log: ServerLogger): PeerTransport {
  if (typeof other === 'string') return childTransport({ dir: other, args: shared, say: log.warn });
  const { host, dir } = other;
  const words = remoteCommand(other, ssh, remote, shared);
  return commandTransport({ words, name: `${host}:${dir}`, host, remote, say: (line) => log.warn(`${host}: ${line}`) });
}

/** @returns `log`, which also calls what `then` has for an event, after it. */
function following(log: ServerLogger, then: Readonly<Record<string, () => void>>): ServerLogger {
  const event = (happened: NumberedEvent): void => {
    log.event(happened);
    then[happened.event]?.();
  };
  return { ...log, event };
}
