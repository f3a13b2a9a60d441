// `npm run house`: the shape of the house in figures, with the limit of each. `--which WORDS` lists what the figures
// whose names contain the words count; the exit code is 1 where a limit is passed.
import { type Figure, figuresOf } from './figures.js';
import { followWays } from './way.js';

const { round, hintToFile, lockToJournal } = await followWays();
const figures: Figure[] = [
  ...figuresOf(process.cwd()),
  { what: 'files of a round that changes nothing', is: round.length, most: null, which: round },
  ...way('hint on b → file on a', hintToFile, 60),
  ...way('lock request → journal', lockToJournal, 30),
];

/** The files of a way that are not in every round, and then all of them: `way.ts` says what is counted. */
function way(name: string, files: readonly string[], most: number): Figure[] {
  const own = files.filter((file) => !round.includes(file));
  return [
    { what: `files on the way ${name}, beside a round`, is: own.length, most, which: own },
    { what: `files on the way ${name}, in all`, is: files.length, most: null, which: files },
  ];
}

const width = Math.max(...figures.map(({ what }) => what.length));
for (const { what, is, most } of figures) {
  const limit = most === null ? '' : `at most ${most}${is > most ? '  PASSED' : ''}`;
  console.log(`${what.padEnd(width)}  ${String(is).padStart(4)}  ${limit}`);
}
const at = process.argv.indexOf('--which');
if (at >= 0) {
  for (const { what, which } of figures)
    if (what.includes(process.argv[at + 1] ?? '')) console.log(`\n${what}\n  ${which.join('\n  ')}`);
}
if (figures.some(({ is, most }) => most !== null && is > most)) process.exitCode = 1;
