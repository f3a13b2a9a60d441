// Commands that list files, locks and held updates.
import type { Command } from 'commander';
import type { Run } from './run.js';

export function addListing(program: Command, run: Run): void {
  program.commandsGroup('What there is:');
  program
    .command('list')
    .argument('[glob]', 'only the files that it matches; they keep their numbers')
    .option('--sort <name|size|time|state>', 'the order; largest, newest, and what has a state first')
    .option('--locked', 'only the files that are locked')
    .description('the files of both sides, numbered (also: no command, -list)')
    .action((glob: string | undefined, flags: { sort?: string; locked?: boolean }) =>
      run(async (context) => (await import('../commands/list.js')).list(context, glob, flags)),
    );
  program
    .command('locks')
    .option('--mine', 'only your own')
    .description('who holds what, since when and why')
    .action((flags: { mine?: boolean }) =>
      run(async (context) => (await import('../commands/locks.js')).locks(context, flags)),
    );
  program
    .command('held')
    .argument('[target]', 'only the updates of this file')
    .description('the updates that wait for an unlock')
    .action((target?: string) => run(async (context) => (await import('../commands/held.js')).held(context, target)));
}
