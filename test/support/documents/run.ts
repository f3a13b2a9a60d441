// Runs the commands of a document, block after block, and says what it ought to show.
//
//   <!-- world -->            directories of its own, nothing runs in them; `world: studio office` makes machines
//   <!-- pair: --guard -->    the same, with both servers running; what follows are options of server-a
//   <!-- samples -->          the directories have the samples of the checkout, after `world` or before `pair`
//   <!-- before: COMMAND -->  run without being shown; `stop server-b` and `stop anna` end what runs in the background,
//                             `wait in-sync` waits for a state of the pair, `wait locked` and `wait unlocked` for locks
//   <!-- background -->       the last command of the block goes on; what is shown of it is awaited
//   <!-- says: server-a -->   lines that somebody who goes on talking says, awaited in no order
//   <!-- not run: WHY -->     for what one machine without its owner cannot do

import { until } from '../sayings.js';
import { type Block, blocksOf, commandsOf, isLine, isShown, type Typed } from './blocks.js';
import { talk } from './dialogue.js';
import type { Talker } from './talker.js';
import { World } from './world.js';

/** @returns the document with what was really printed, equal to `text` where that is true. */
export async function ranDocument(text: string): Promise<string> {
  const lines = text.split('\n');
  const running = new Running();
  const written: string[] = [];
  let at = 0;
  try {
    for (const block of blocksOf(lines)) {
      written.push(...lines.slice(at, block.from));
      const place = `line ${block.from}`;
      try {
        written.push(...(await running.block(block)));
      } catch (error) {
        if (process.env.LOCKSTEP_TEST_WRITE !== '1') failedAt(place, error as Error);
        console.error(`The block at ${place} cannot be run: ${(error as Error).message}`);
        written.push(...block.lines);
      }
      at = block.to;
    }
  } finally {
    await running.close();
  }
  return [...written, ...lines.slice(at)].join('\n');
}

function failedAt(place: string, error: Error): never {
  throw new Error(`The block at ${place} cannot be run: ${error.message}`, { cause: error });
}

class Running {
  #world: World | null = null;

  /** @returns the lines that the block ought to have. */
  async block(block: Block): Promise<readonly string[]> {
    const why = block.directives.find(({ name }) => name === 'not run');
    if (why !== undefined) {
      if (why.text === '') throw new Error('it is not run, and does not say why');
      return block.lines;
    }
    for (const { name, text } of block.directives) await this.#prepare(name, text);
    const says = block.directives.find(({ name }) => name === 'says');
    if (says !== undefined) return this.#said(this.#present.talkers.get(says.text), block.lines);
    if (block.lines.some((line) => line.startsWith('→ '))) {
      const said = await talk(this.#present, block.lines);
      await this.#present.settle();
      return said;
    }
    const isLeftRunning = block.directives.some(({ name }) => name === 'background');
    const typed = commandsOf(block);
    const written: string[] = [];
    for (const one of typed) {
      const isLast = one === typed.at(-1);
      written.push(...one.shown, ...(await this.#printed(one, isLast && isLeftRunning)));
    }
    return written;
  }

  get #present(): World {
    if (this.#world === null) throw new Error('there is no world or pair to run it in');
    return this.#world;
  }

  async #prepare(name: string, text: string): Promise<void> {
    if (name === 'world' || name === 'pair') {
      await this.close();
      this.#world = new World(name === 'world' ? text.split(' ').filter((word) => word !== '') : []);
    }
    if (name === 'samples') this.#present.copySamples();
    if (name === 'pair') {
      if (text.startsWith('samples')) this.#present.copySamples();
      await this.#present.type('', 'server-b');
      await this.#present.type('', `server-a ${text.replace(/^samples\s*/, '')}`);
    }
    if (name === 'before') await this.#present.type(...whoTypes(text));
  }

  async #printed({ who, command, printed }: Typed, goesOn: boolean): Promise<readonly string[]> {
    if (goesOn) return this.#said(await this.#present.begin(who, command), printed);
    const text = await this.#present.type(who, command);
    const server = this.#present.running(command);
    if (server !== null) return this.#said(server, printed);
    const lines = linesOf(text);
    if (isShown(printed, lines)) return printed;
    return lines;
  }

  /** @returns the lines that are shown, as soon as all of them have been printed. */
  async #said(talker: Talker | undefined, shown: readonly string[]): Promise<readonly string[]> {
    if (talker === undefined) throw new Error('nobody of that name goes on talking');
    const heard = () => linesOf(this.#present.normal(talker.text));
    if (shown.length === 0 && process.env.LOCKSTEP_TEST_WRITE === '1') return heard();
    const missing = () => shown.filter((line) => line !== '…' && !heard().some((said) => isLine(line, said)));
    await until(
      () => missing().length === 0,
      () => `${missing().join('\n')}\nin what was said:\n${heard().join('\n')}`,
    );
    return shown;
  }

  async close(): Promise<void> {
    await this.#world?.close();
    this.#world = null;
  }
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** A hidden command may have a prompt. */
function whoTypes(text: string): [who: string, command: string] {
  const prompt = /^([a-z][\w-]*)\$ (.*)$/.exec(text);
  return prompt === null ? ['', text] : [prompt[1]!, prompt[2]!];
}
