// `npm run house`: the shape of the house in figures, with the limit of each. `--which WORDS` lists what the figures
// whose names contain the words count; the exit code is 1 where a limit is passed.
import { type Figure, figuresOf } from './figures.js';
import { followWays } from './way.js';

const { hintToFile, lockToJournal } = await followWays();
const figures: Figure[] = [
  ...figuresOf(process.cwd()),
  { what: 'files on the way hint on b → file on a', is: hintToFile.length, most: 60, which: hintToFile },
  { what: 'files on the way lock request → journal', is: lockToJournal.length, most: 30, which: lockToJournal },
];
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
