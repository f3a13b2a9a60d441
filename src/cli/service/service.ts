// The program `lockstep service`: has systemd or launchd keep a remembered pair running.
import { CommanderError } from 'commander';
import { commanderErrorText, errorObject, errorText } from '../error-text.js';
import { EXIT_FAILED, exitCodeOf } from '../exit-codes.js';
import { helpColumns } from '../help/layout.js';
import { asCalled, programNames } from '../program-name.js';
import { stateText } from '../render/status.js';
import { usageError } from '../report-error.js';
import { pairNamed } from '../up/config.js';
import { begun, ended, statusOf } from './begin.js';
import { type Actions, serviceCommand } from './command.js';
import { keptOf, mayAsk, removeService, writeService } from './install.js';
import type { ServiceState, Supervisor } from './kept.js';
import { supervisorHere } from './supervisors.js';

const { env, argv, stdout, stderr } = process;
const names = programNames(argv[1], env);
const say = (text: string): void => void stdout.write(`${asCalled(text, names)}\n`);
const HELP = `Try "${names.lockstep} service --help".`;

const actions: Actions = {
  install: async (name, { print = false, unconfined = false }) => {
    const kept = keptOf(name, env, { program: argv[1]!, isSystem: isSystem(), isConfined: !unconfined });
    const keeper = supervisor();
    if (print) return void stdout.write(keeper.textOf(kept));
    await keeper.check();
    const file = writeService(keeper, kept);
    await keeper.enable(name);
    say(`Installed the service of ${name}: ${file}`);
    if (mayAsk(name, env))
      say(
        'Both directories have files and have not met yet, and a service cannot ask. Confirm their first contact by ' +
          `hand: lockstep up ${name}`,
      );
    say(`Start it with: lockstep service start ${name}`);
    const note = await keeper.note();
    if (note !== '') say(note);
  },
  start: async (name) => {
    const keeper = await installed(name);
    await keeper.start(name);
    say(`Started the service of ${name}. ${await begun({ name, dir: dirOf(name), supervisor: keeper, names })}`);
  },
  stop: async (name) => {
    await (await installed(name)).stop(name);
    say(`Stopped the service of ${name}.`);
  },
  status: async (name, { json = false }) => {
    const keeper = await installed(name);
    await showState(name, keeper, await keeper.state(name), json);
  },
  logs: async (name, { follow = false, lines }) => {
    if (!/^\d{1,6}$/.test(lines)) throw usageError(`--lines takes a number, not "${lines}".`, HELP);
    process.exitCode = await (await installed(name)).logs(name, { follow, lines: Number(lines) });
  },
  remove: async (name) => {
    const keeper = supervisor();
    const file = keeper.fileOf(name);
    await keeper.check();
    if ((await keeper.state(name)).isInstalled) await keeper.disable(name);
    const isRemoved = removeService(file);
    await keeper.forget(name);
    say(isRemoved ? `Removed the service of ${name}: ${file}` : `There is no service of ${name}.`);
  },
};

const program = serviceCommand(names.lockstep, (text) => void stdout.write(text), actions, helpColumns());
try {
  await program.parseAsync(argv.slice(2), { from: 'user' });
} catch (error) {
  if (!(error instanceof CommanderError)) fail(error);
  else if (error.code === 'commander.help')
    fail(
      usageError(
        'service takes what to do: install, start, stop, status, logs or remove, and the name of a pair.',
        HELP,
      ),
    );
  else if (error.exitCode !== 0) fail(usageError(commanderErrorText(error), HELP));
}

function fail(error: unknown): void {
  const { message, hint } = errorObject(error);
  stderr.write(`${errorText({ message, hint: asCalled(hint, names) })}\n`);
  process.exitCode = exitCodeOf(error);
}

function dirOf(name: string): string {
  return pairNamed(env, name).dir;
}

/** Root's services begin with the machine, unless it wants one of its own. */
function isSystem(): boolean {
  return process.getuid?.() === 0 && program.opts<{ user?: boolean }>().user !== true;
}

function supervisor(): Supervisor {
  return supervisorHere(env, isSystem());
}

/** @throws SyncError where the supervisor cannot be asked, or has no service of the pair. */
async function installed(name: string): Promise<Supervisor> {
  pairNamed(env, name);
  const keeper = supervisor();
  await keeper.check();
  if ((await keeper.state(name)).isInstalled) return keeper;
  throw usageError(`The pair ${name} has no service.`, `Install it with: lockstep service install ${name}`);
}

async function showState(name: string, supervisor: Supervisor, state: ServiceState, isJson: boolean): Promise<void> {
  const dir = dirOf(name);
  const status = state.state === 'running' ? await statusOf(dir) : null;
  const isRunning = state.state === 'running';
  if (!isRunning) process.exitCode = EXIT_FAILED;
  if (isJson) {
    const { state: service, pid, exitCode, isEnabled } = state;
    const facts = { name, service, pid, exitCode, enabled: isEnabled, file: supervisor.fileOf(name) };
    return void stdout.write(`${JSON.stringify({ ...facts, pair: status?.state ?? null })}\n`);
  }
  if (state.state === 'failed') throw await ended({ name, dir, supervisor, names }, state);
  const process_ = isRunning ? ` (process ${state.pid})` : '';
  const begins = state.isEnabled ? 'begins by itself' : 'does not begin by itself';
  say(`The service of ${name}: ${state.state}${process_}; it ${begins}.`);
  if (isRunning) say(status === null ? 'The pair does not answer yet.' : `The pair: ${stateText(status, names)}.`);
  else if (state.state === 'stopped') say(`Start it with: lockstep service start ${name}`);
}
