// The servers' command lines in commander: flags, help and examples. Values are checked in `options`.
import { Command, Option } from 'commander';
import { appendixText } from '../help/appendix.js';
import { DEFAULT_COLUMNS, layOut } from '../help/layout.js';
import { PLAIN_NAMES, type ProgramNames } from '../program-name.js';
import { packageVersion } from '../version.js';
import { serverAppendix } from './appendix.js';

export const DEFAULTS = {
  a: { dir: 'directory_a', port: '8080' },
  b: { dir: 'directory_b', port: '8081' },
} as const;
export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PEER = '127.0.0.1:8081';
export const DEFAULT_RESCAN = '60s';
export const DEFAULT_GRACE = '15m';
export const DEFAULT_KEEP = '30d';
export const DEFAULT_SHARE = '20%';

const ABOUT = {
  a: 'Watches directory_a, keeps it and the directory of server-b identical, and owns the locks.',
  b: 'Watches directory_b and serves it to server-a.',
};

/** The help of options that several programs have. */
export const IGNORE_SET_HELP = 'leave out what office or CAD programs make for a while (repeatable)';
export const GRACE_HELP = `how long a document of a side that is away stays locked (default: ${DEFAULT_GRACE})`;

/**
 * @param print receives the help or the version.
 * @param columns the width for the help.
 */
export function serverCommand(
  which: 'a' | 'b',
  print: (text: string) => void,
  names: ProgramNames = PLAIN_NAMES,
  columns = DEFAULT_COLUMNS,
): Command {
  const { dir, port } = DEFAULTS[which];
  const several = (pattern: string, before: string[] | undefined): string[] => [...(before ?? []), pattern];
  const command = layOut(new Command(which === 'a' ? names.serverA : names.serverB), columns)
    .description(ABOUT[which])
    .configureOutput({ writeOut: print, writeErr: () => {}, outputError: () => {} })
    .exitOverride()
    .argument('[port]', 'the same as --port')
    .option('--port <n>', `port to listen on, 0 for any free one (default: ${port})`)
    .option('--host <addr>', `address to listen on (default: ${DEFAULT_HOST})`)
    .option('--secret-file <path>', 'speak only with who has this secret, encrypted; needed beyond loopback')
    .option('--keys <dir>', 'the same with a key NAME.key for each person, which proves the name and has a role')
    .option('--allow-local', 'without a secret, trust every user of this machine, not only yourself and root')
    .option('--dir <path>', `the directory (default: ${dir})`)
    .option('--create', 'make the directory where it is missing')
    .option('--name <name>', `what messages call this side, such as "office" (default: ${which})`)
    .option('--ignore <pattern>', 'leave out what matches, gitignore syntax (repeatable)', several)
    .option('--ignore-set <office|cad>', IGNORE_SET_HELP, several);
  if (which === 'a') {
    command
      .option('--peer <host:port>', `where server-b listens (default: ${DEFAULT_PEER})`)
      .option('--dry-run', 'show what would be transferred, touch nothing, and end')
      .option('--web <[host:]port>', 'serve the page for browsers, 0 for any free port (default: off)')
      .option('--web-cert <file>', 'serve it with TLS: the certificate, PEM; needed beyond loopback')
      .option('--web-key <file>', 'the key of that certificate, PEM')
      .option('--metrics-token-file <path>', 'a file of 64 digits with which a program reads /metrics of the page')
      .option('--guard', "take the write bits off the other side's copy while a file is locked")
      .option('--auto-lock-grace <duration>', GRACE_HELP)
      .option('--rescan <duration>', `look at everything anew this often (default: ${DEFAULT_RESCAN})`);
  }
  command.option('--on-event <command>', 'run this for every event, which it gets as JSON on its stdin');
  if (which === 'b') command.option('--stdio', 'serve who is at the other end of stdin and stdout, on no port');
  command
    .option(
      '--keep-versions <duration>',
      `how long overwritten and deleted contents are kept (default: ${DEFAULT_KEEP})`,
    )
    .option('--versions-share <percent>', `the most of the disk that they may take (default: ${DEFAULT_SHARE})`)
    .option('--limit <rate>', 'transfer contents at most this fast: 5M, or "08:00,1M 18:00,off" (default: off)')
    .option('--auto-lock <on|off>', 'lock documents while a program has them open (default: on)')
    .option('--show-locks <on|off>', 'let programs here say who has locked a document on the other side (default: on)')
    .option('--no-fsync', 'do not wait for the disk: a power cut can lose or damage what is said to be done')
    .addOption(new Option('--log <format>', 'text, or json: one object a line (default: text)'))
    .option('--verbose', 'say details too')
    .option('--quiet', 'say only warnings, problems, halts and conflicts')
    .version(packageVersion());
  return command.addHelpText('after', appendixText(serverAppendix(which, command), columns));
}
