// The program `lockstep key`: makes the file that proves the name of a person, and says what to do with it.
import { Command, CommanderError } from 'commander';
import { PEER_NAME } from '../../core/person.js';
import { shellWord } from '../../core/shell-word.js';
import { commanderErrorText, errorObject, errorText } from '../error-text.js';
import { exitCodeOf } from '../exit-codes.js';
import { helpColumns, layOut } from '../help/layout.js';
import { asCalled, type ProgramNames, programNames } from '../program-name.js';
import { usageError } from '../report-error.js';
import { packageVersion } from '../version.js';
import { defaultKeys, makeKey, type NewKey } from './new-key.js';

const { env, argv, stdout, stderr } = process;
const names = programNames(argv[1], env);
try {
  keyProgram().parse(argv.slice(2), { from: 'user' });
} catch (error) {
  if (!(error instanceof CommanderError)) fail(error);
  else if (error.code === 'commander.help')
    fail(usageError('key takes what to do: new NAME.', `Try "${names.lockstep} key --help".`));
  else if (error.exitCode !== 0) fail(usageError(commanderErrorText(error), `Try "${names.lockstep} key --help".`));
}

function fail(error: unknown): void {
  const { message, hint } = errorObject(error);
  stderr.write(`${errorText({ message, hint: asCalled(hint, names) })}\n`);
  process.exitCode = exitCodeOf(error);
}

function keyProgram(): Command {
  const columns = helpColumns();
  const program = layOut(new Command(`${names.lockstep} key`), columns)
    .description('Makes keys. A key is a file that proves the name of a person to the servers, and has a role.')
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: () => {}, outputError: () => {} })
    .exitOverride()
    .version(packageVersion());
  layOut(program.command('new'), columns)
    .argument('<name>', `whose key it is; "${PEER_NAME}" is the key of the two servers`)
    .option('--role <role>', 'admin, user or read (default: user)')
    .option('--keys <dir>', `the directory for it (default: ${defaultKeys(env)})`)
    .description('make the key of a person: a file NAME.key that only you can read')
    .action((name: string, { role = 'user', keys = defaultKeys(env) }: { role?: string; keys?: string }) => {
      stdout.write(nextSteps(makeKey({ name, role, directory: keys }), names));
    });
  return program;
}

/** @returns what was made, and what to do with it. */
function nextSteps({ name, role, file, directory }: NewKey, { client, serverA, serverB }: ProgramNames): string {
  const [key, keys] = [shellWord(file), shellWord(directory)];
  if (name === PEER_NAME)
    return `Made the key of the two servers: ${file}
Copy it into the other server's directory of keys: scp -p ${key} OTHER-MACHINE:KEYS/
Start both with their directories: ${serverB} --keys KEYS, ${serverA} --keys ${keys}
`;
  return `Made the key of ${name} (role ${role}): ${file}
Copy it to ${name} alone, over a way that you trust: scp -p ${key} MACHINE:
There it is given to each command, or set once as LOCKSTEP_SECRET_FILE: ${client} --secret-file ${name}.key list
To take it back, delete ${file}, and its copy where the other server has one.
`;
}
