// The program `lockstep serve a|b`: one of the two servers, under the options that it has by itself.
import { errorObject, errorText } from '../error-text.js';
import { asCalled, programNames } from '../program-name.js';
import { usageError } from '../report-error.js';

const HELP = `Usage: lockstep serve a|b [options]

Runs server-a or server-b alone, as the programs of these names do; the
command "up" runs both.

Options of server-a: lockstep serve a --help
Options of server-b: lockstep serve b --help
`;

const called = (text: string): string => asCalled(text, programNames(process.argv[1], process.env));
const [node, script, which, ...rest] = process.argv;
process.argv = [node!, script!, ...rest];
if (which === 'a') await import('../server/server-a.js');
else if (which === 'b') await import('../server/server-b.js');
else if (which === '--help' || which === '-h') process.stdout.write(called(HELP));
else {
  const refused = usageError(
    which === undefined ? 'serve takes the side to serve.' : `serve takes a or b, not "${which}".`,
    called('Try "lockstep serve a --help" or "lockstep serve b --help".'),
  );
  process.stderr.write(`${errorText(errorObject(refused))}\n`);
  process.exitCode = 2;
}
