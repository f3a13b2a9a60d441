// Commands for whole files: upload, download, rename, delete.
import type { Command } from 'commander';
import type { Run } from './run.js';

interface Overwriting {
  readonly overwrite?: boolean;
}

export function addFiles(program: Command, run: Run): void {
  program.commandsGroup('Files:');
  program
    .command('upload')
    .argument('<file>', 'a file on this machine')
    .argument('[as]', 'its path in the pair; a directory (docs/) gets the file under its own name')
    .option('--overwrite', 'replace what is there; that goes to versions')
    .description('put a file into the pair; missing directories are made')
    .action((file: string, as: string | undefined, flags: Overwriting) =>
      run(async (context) => (await import('../commands/upload.js')).upload(context, file, as, flags)),
    );
  program
    .command('download')
    .argument('<target>', 'number or path')
    .argument('[dest]', 'where to, on this machine; a directory gets the file under its own name (.)')
    .option('--overwrite', 'replace a file of that name on this machine')
    .description('copy a file out of the pair; one that was cut is gone on with')
    .action((target: string, dest: string | undefined, flags: Overwriting) =>
      run(async (context) => (await import('../commands/download.js')).download(context, target, dest, flags)),
    );
  program
    .command('rename')
    .alias('mv')
    .argument('<target>', 'number or path, of a file or a directory')
    .argument('<newname>', 'its new path from the top of the pair; docs/ moves it into docs')
    .option('--overwrite', 'replace what is there; that goes to versions')
    .description('rename or move; missing directories are made')
    .action((target: string, name: string, flags: Overwriting) =>
      run(async (context) => (await import('../commands/rename.js')).rename(context, target, name, flags)),
    );
  program
    .command('delete')
    .alias('rm')
    .argument('<target...>', 'number, path or glob')
    .option('-r, --recursive', 'directories too, with all that is in them')
    .description('delete files; their contents go to versions')
    .action((targets: string[], flags: { recursive?: boolean }) =>
      run(async (context) => (await import('../commands/delete.js')).remove(context, targets, flags)),
    );
}
