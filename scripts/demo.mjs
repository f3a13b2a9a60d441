// Prepares what `npm start` runs on: demo/directory_a and demo/directory_b, copies of the samples that git ignores. They
// are made once, whole or not at all, with the times of the files; what is changed in them stays until demo/ is deleted.
import fs from 'node:fs';

const SIDES = ['directory_a', 'directory_b'];
const DEMO = 'demo';

function copySamples() {
  const unfinished = fs.mkdtempSync(`${DEMO}.`);
  for (const side of SIDES) {
    // The state of a server that ran on the samples themselves belongs to those directories and is not copied.
    const filter = (from) => from !== `${side}/.lockstep`;
    fs.cpSync(side, `${unfinished}/${side}`, { recursive: true, preserveTimestamps: true, filter });
  }
  fs.chmodSync(unfinished, 0o755);
  fs.renameSync(unfinished, DEMO);
}

const isNew = !fs.existsSync(DEMO);
if (isNew) copySamples();
const missing = SIDES.filter((side) => !fs.existsSync(`${DEMO}/${side}`));
if (missing.length > 0) {
  console.error(`${DEMO}/${missing[0]} is missing. Start over with: rm -r ${DEMO} && npm start`);
  process.exit(2);
}
console.log(`server-a watches ${DEMO}/directory_a, server-b watches ${DEMO}/directory_b: ${
  isNew ? 'new copies of the samples' : 'copies of the samples, as you left them'
}.
Change files there and see them follow. In another terminal, in this directory: npx client
Stop with Ctrl-C. Start over with: rm -r ${DEMO} && npm start`);
