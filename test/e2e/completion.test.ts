// Completion in the real shells, on a terminal: what Tab writes has to be what the command then takes. A shell that is not
// installed leaves its tests out.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PairOfPrograms, project, putWhole } from '../support/programs.js';
import { noTerminal, TerminalProgram } from '../support/terminal.js';

/** How each shell is started without anybody's settings, and how it loads the script. */
const SHELLS: readonly (readonly [shell: string, words: readonly string[], load: string])[] = [
  ['bash', ['--norc', '--noprofile', '-i'], 'source <(client completion bash)'],
  ['zsh', ['-f', '-i'], 'autoload -Uz compinit; compinit -u -d "$HOME/dump"; source <(client completion zsh)'],
  ['fish', ['--no-config', '-i'], 'client completion fish | source'],
];

/** A client that asks again where no answer came: how long a completion waits for a server is not what is tested here. */
const PATIENT = `#!/bin/sh
if [ "$1" != __complete ]; then exec '${path.join(project, 'bin', 'client')}' "$@"; fi
for try in 1 2 3 4 5 6 7 8 9 10; do
  found=$('${path.join(project, 'bin', 'client')}' "$@")
  if [ -n "$found" ]; then printf '%s\\n' "$found"; exit; fi
done
`;

let pair: PairOfPrograms;
let home: string;
let terminal: TerminalProgram | null = null;
beforeAll(async () => {
  pair = new PairOfPrograms('here if short');
  home = path.join(path.dirname(pair.a), 'home');
  fs.mkdirSync(path.join(home, 'local docs'), { recursive: true });
  fs.writeFileSync(path.join(home, 'local docs', 'up.txt'), 'x');
  fs.mkdirSync(path.join(home, 'bin'));
  fs.writeFileSync(path.join(home, 'bin', 'client'), PATIENT, { mode: 0o755 });
  for (const name of ["it's two words.txt", '$x [1].txt']) putWhole(pair.a, name, 'x');
  await pair.start();
  await pair.flush();
});
afterEach(() => {
  terminal?.end();
  terminal = null;
});
afterAll(() => pair.close());

/** Why a shell cannot be tried; '' where it can. */
function missing(shell: string): string {
  if (noTerminal !== null) return ` (skipped: ${noTerminal})`;
  const { status } = spawnSync(shell, ['-c', 'true'], { stdio: 'ignore' });
  return status === 0 ? '' : ` (skipped: ${shell} is not installed)`;
}

describe.each(SHELLS)('%s', (shell, words, load) => {
  const why = missing(shell);
  test.skipIf(why !== '')(`completes what the programs then take${why}`, async () => {
    const env = {
      ...pair.env,
      ...{ HOME: home, PATH: `${path.join(home, 'bin')}:${path.join(project, 'bin')}:${process.env.PATH}` },
      ...{ LOCKSTEP_SERVER: `127.0.0.1:${pair.portA}`, LOCKSTEP_USER: shell },
    };
    terminal = new TerminalProgram([shell, ...words], env, { columns: 100, rows: 30 });
    const { text: begun } = terminal;
    // The shell echoes the line, in which the word does not stand as it is printed.
    terminal.type(`cd; ${load}; echo rea''dy\r`);
    await terminal.sees('ready', begun.length);
    const typed = async (keys: string, says: string) => {
      const from = terminal!.text.length;
      terminal!.type(`${keys}\r`);
      await terminal!.sees(says, from);
    };
    await typed("client lock it\t '$x\t", `Locked $x [1].txt for ${shell}`);
    await typed('client unl\t it\t \\$\t', 'Unlocked $x [1].txt');
    expect(terminal.text).toContain(`Locked it's two words.txt for ${shell}`);
    expect(terminal.text).toContain("Unlocked it's two words.txt");
    // In a directory one goes on: no blank follows it.
    await typed(`client upload loc\tup\t ${shell}.txt`, `as ${shell}.txt`);
    await typed('server-b --vers\t', JSON.parse(fs.readFileSync(path.join(project, 'package.json'), 'utf8')).version);
    expect(fs.readFileSync(path.join(pair.a, `${shell}.txt`), 'utf8')).toBe('x');
  });
});
