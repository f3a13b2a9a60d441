// The program `lockstep doctor`: checks what a pair needs of this machine, one line each, and says what to type where
// something is wrong. It changes nothing on the disk. Exit code 1 where something is wrong.
import { CommanderError } from 'commander';
import { commanderErrorText, errorObject, errorText } from '../error-text.js';
import { EXIT_FAILED, EXIT_OK, exitCodeOf } from '../exit-codes.js';
import { helpColumns } from '../help/layout.js';
import { asCalled, programNames } from '../program-name.js';
import { colorsFor, wantsColor } from '../render/colors.js';
import { safeText } from '../render/safe.js';
import { usageError } from '../report-error.js';
import { findingsOf } from './checks.js';
import { doctorCommand } from './command.js';
import type { Finding } from './finding.js';

interface Flags {
  readonly pair?: string;
  readonly secretFile?: string;
  readonly json?: boolean;
}

const { env, argv, stdout, stderr } = process;
const names = programNames(argv[1], env);
let isJson = argv.includes('--json');
try {
  const command = doctorCommand(names.lockstep, (text) => stdout.write(text), helpColumns());
  await command.action(check).parseAsync(argv.slice(2), { from: 'user' });
} catch (error) {
  if (!(error instanceof CommanderError)) fail(error);
  else if (error.exitCode !== 0) fail(usageError(commanderErrorText(error), `Try "${names.lockstep} doctor --help".`));
}

function fail(error: unknown): void {
  const { code, message, hint } = errorObject(error);
  const shown = { code, message, hint: asCalled(hint, names) };
  if (isJson) stdout.write(`${JSON.stringify({ error: shown })}\n`);
  else stderr.write(`${errorText(shown)}\n`);
  process.exitCode = exitCodeOf(error);
}

async function check(directories: string[], flags: Flags): Promise<void> {
  isJson = flags.json === true;
  print(await findingsOf({ ...flags, directories, cwd: process.cwd(), names }, env));
}

function print(findings: readonly Finding[]): void {
  const called = findings.map((one) => ({ ...one, hint: asCalled(one.hint, names) }));
  const count = (level: Finding['level']) => findings.filter((one) => one.level === level).length;
  const [wrong, warnings] = [count('wrong'), count('warn')];
  stdout.write(isJson ? `${JSON.stringify({ wrong, warnings, checks: called })}\n` : text(called, wrong, warnings));
  process.exitCode = wrong > 0 ? EXIT_FAILED : EXIT_OK;
}

function text(findings: readonly Finding[], wrong: number, warnings: number): string {
  const colors = colorsFor(wantsColor('auto', stdout.isTTY === true, env));
  const paint = { ok: colors.green, warn: colors.yellow, wrong: colors.red };
  const lines = findings.map(
    ({ level, message, hint }) =>
      `${paint[level](level)}${' '.repeat(7 - level.length)}${errorText({ message, hint })}`,
  );
  return safeText(`${[...lines, '', summary(wrong, warnings)].join('\n')}\n`);
}

function summary(wrong: number, warnings: number): string {
  const look = warnings === 0 ? '' : `, ${warnings} to look at`;
  return wrong === 0 ? `Nothing is wrong${look}.` : `${wrong} wrong${look}.`;
}
