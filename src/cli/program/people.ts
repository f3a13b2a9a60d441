// Commands for interactive use: shell, menu, completion.
import type { Command } from 'commander';
import type { Run } from './run.js';

export function addPeople(program: Command, run: Run): void {
  program.commandsGroup('For people:');
  program
    .command('menu')
    .description('a numbered menu: list, lock, unlock, upload, download, delete, rename')
    .action(() => run(async (context) => (await import('../commands/menu.js')).menu(context)));
  program
    .command('shell')
    .description('a prompt that takes any of these lines')
    .action(() => run(async (context) => (await import('../commands/shell.js')).shell(context)));
  program
    .command('web')
    .description('the address of the page for browsers; it opens once, for ten minutes')
    .action(() => run(async (context) => (await import('../commands/web.js')).web(context)));
  program
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .description('print the completion script of a shell')
    .action((name: string) =>
      run(async (context) => (await import('../commands/completion/completion.js')).completion(context, name)),
    );
  program
    .command('__complete', { hidden: true })
    .argument('<shell>')
    .argument('<line>')
    .action((name: string, line: string) =>
      run(async (context) => (await import('../commands/completion/complete.js')).complete(context, name, line)),
    );
}
