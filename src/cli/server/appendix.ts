// The end of the servers' help: examples, and the variables, which are derived from the options.
import type { Command } from 'commander';
import type { Appendix } from '../help/appendix.js';
import type { Row } from '../help/layout.js';

/** @returns the appendix of a server's `command`, which must have all its options. */
export function serverAppendix(which: 'a' | 'b', command: Command): Appendix {
  const prefix = `LOCKSTEP_${which.toUpperCase()}_`;
  return {
    examples: EXAMPLES[which].map(([line, meaning]) => [line.replace(/^server-[ab]/, command.name()), meaning]),
    notes: [
      'SIGINT and SIGTERM stop the server; a second one ends it at once. SIGHUP stops it where it has a terminal.',
    ],
    environment: variablesOf(command, prefix),
    environmentNote: `A flag wins over its variable. ${prefix}IGNORE has one pattern a line, the switches take 1 or 0.`,
    exitCodes: [
      ['0', 'stopped'],
      ['1', 'failed'],
      ['2', 'cannot start like this'],
      ['130', 'ended at once'],
    ],
  };
}

/** One variable for each flag, except those that only print. */
const variablesOf = (command: Command, prefix: string): Row[] =>
  command.options
    .filter(({ long }) => long !== '--version')
    .map(({ long }) => [prefix + long!.slice(2).replaceAll('-', '_').toUpperCase(), `the same as ${long}`]);

const EXAMPLES: Readonly<Record<'a' | 'b', readonly Row[]>> = {
  a: [
    ['server-a', 'directory_a on 8080, server-b on 8081'],
    ['server-a 9000 --dir ~/art --peer 127.0.0.1:9001', ''],
    ["server-a --ignore '*.tmp' --ignore build/ --log json", ''],
  ],
  b: [
    ['server-b', 'directory_b on 8081'],
    ['server-b 9001 --dir /mnt/art', ''],
    ["server-b --ignore '*.tmp' --log json", ''],
  ],
};
