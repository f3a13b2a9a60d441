// Commands for whole files: upload, download, rename, delete.
import type { Command } from 'commander';
import type { Run } from './run.js';
import { notingWhatWaits } from './waiting-note.js';

interface Overwriting {
  readonly overwrite?: boolean;
}

interface Transferring extends Overwriting {
  readonly recursive?: boolean;
}

export function addFiles(program: Command, run: Run): void {
  program.commandsGroup('Files:');
  program
    .command('upload')
    .argument('<file...>', 'files on this machine (-: stdin), then a path in the pair, or a directory of it (docs/)')
    .usage('[options] <file> [as] | <file...> <dir/>')
    .option('-r, --recursive', 'directories too, with all files in them')
    .option('--overwrite', 'replace what is there; that goes to versions')
    .description('put files into the pair; missing directories are made')
    .action((files: string[], flags: Transferring) =>
      run(async (context) =>
        notingWhatWaits(context, (await import('../commands/transfers/upload.js')).upload(context, files, flags)),
      ),
    );
  program
    .command('download')
    .argument('<target...>', 'numbers, paths or globs, then a file or directory of this machine (.), or - for stdout')
    .usage('[options] <target> [dest] | <target...> <dir/>')
    .option('-r, --recursive', 'directories too, with all files in them')
    .option('--overwrite', 'replace files of that name on this machine')
    .description('copy files out of the pair; one that was cut goes on')
    .action((targets: string[], flags: Transferring) =>
      run(async (context) => (await import('../commands/transfers/download.js')).download(context, targets, flags)),
    );
  program
    .command('rename')
    .alias('mv')
    .argument('<target>', 'number or path, of a file or a directory')
    .argument('<newname>', 'its new path from the top of the pair; docs/ moves it into docs')
    .option('--overwrite', 'replace what is there; that goes to versions')
    .description('rename or move; missing directories are made')
    .action((target: string, name: string, flags: Overwriting) =>
      run(async (context) =>
        notingWhatWaits(context, (await import('../commands/rename.js')).rename(context, target, name, flags)),
      ),
    );
  program
    .command('delete')
    .alias('rm')
    .argument('<target...>', 'number, path or glob')
    .option('-r, --recursive', 'directories too, with all that is in them')
    .description('delete files; their contents go to versions')
    .action((targets: string[], flags: { recursive?: boolean }) =>
      run(async (context) =>
        notingWhatWaits(context, (await import('../commands/delete.js')).remove(context, targets, flags)),
      ),
    );
}
