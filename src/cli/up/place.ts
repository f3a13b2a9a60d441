// Where side b is, as `lockstep up` is told: a directory of this machine, or HOST:DIR as ssh and rsync write it.
import { quote } from '../../core/path.js';
import { shellWord } from '../../core/shell-word.js';
import { usageError } from '../report-error.js';

/** Side b on another machine. */
export interface RemotePlace {
  /** `HOST` or `USER@HOST`, as ssh takes it. */
  readonly host: string;
  /** The directory there; relative to the home directory unless it begins with a slash. */
  readonly dir: string;
}

/**
 * @returns the other machine and its directory; null for a directory of this machine, such as `./a:b`.
 * @throws SyncError `usage` for a host that ssh would take for an option, and where no directory is named: that would be the
 *   whole home directory there.
 */
export function remotePlace(text: string): RemotePlace | null {
  const parts = /^([^/:[\]]*\[[\da-fA-F:.%\w]+\]|[^/:]+):(.*)$/s.exec(text);
  if (parts === null) return null;
  if (parts[1]!.startsWith('-'))
    throw usageError(
      `${quote(parts[1]!)} cannot be a host: it begins with "-".`,
      'For a directory, write ./ before it.',
    );
  const dir = parts[2]!.replace(/^~\/(?=.)/, '');
  if (dir === '')
    throw usageError(`${quote(text)} names no directory of ${parts[1]!}.`, 'Write it after the colon: HOST:DIR.');
  return { host: parts[1]!, dir: dir === '~' || dir === '~/' ? '.' : dir };
}

/**
 * @param ssh the words of the command that runs another on `host`.
 * @param remote Lockstep's command there, as a shell reads it.
 * @param options further options of server-b.
 * @returns the command that serves the directory on its stdin and stdout.
 */
export function remoteCommand(
  { host, dir }: RemotePlace,
  ssh: readonly string[],
  remote: string,
  options: readonly string[],
): string[] {
  const words = ['serve', 'b', '--stdio', '--dir', dir, ...options].map(shellWord);
  return [...ssh, host, [remote, ...words].join(' ')];
}
