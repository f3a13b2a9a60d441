// `client watch` on a terminal: after an event the queries that it affects are repeated, and the view is drawn at most
// a few times a second. When server-a disconnects it is dialled until it is back.
import { setTimeout as delay } from 'node:timers/promises';
import {
  ALL_QUESTIONS,
  type LiveState,
  type Question,
  questionsAfter,
  questionsAfterAnswers,
  startOf,
  withAnswers,
  withEvent,
  withoutServer,
  withServer,
} from '../../client/live-state.js';
import { addressText } from '../../client/server-address.js';
import { SyncError } from '../../core/errors.js';
import type { Api, CommandContext } from '../context.js';
import { EXIT_INTERRUPTED, EXIT_OK } from '../exit-codes.js';
import { inOrder } from '../render/locks.js';
import { Screen } from './screen.js';
import { liveLines } from './view.js';
import type { Window } from './window.js';

const DRAW_MS = 100;
/** The least time between two questions, and how long after it the state is asked for though nothing was said. */
const ASK_MS = 400;
const IDLE_MS = 400;
/** A server that takes its time is asked less: long listings are long to count. */
const PAUSE_PER_ANSWER = 3;
const MAX_PAUSE_MS = 5_000;
const DIAL_MS = 500;

/** @returns the exit code, after the window was restored. */
export async function live(context: CommandContext, window: Window): Promise<number> {
  const api = await context.api();
  const screen = new Screen(window);
  window.onEnd(() => screen.close());
  const view = new View(context, window, screen);
  try {
    return await view.run(api);
  } finally {
    view.stop();
    screen.close();
  }
}

class View {
  readonly #context: CommandContext;
  readonly #window: Window;
  readonly #screen: Screen;

  #state: LiveState;
  readonly #wanted = new Set<Question>(ALL_QUESTIONS);
  #drawing: NodeJS.Timeout | null = null;
  readonly #over = new AbortController();
  #code: number = EXIT_OK;
  #wake: () => void = () => {};

  constructor(context: CommandContext, window: Window, screen: Screen) {
    this.#context = context;
    this.#window = window;
    this.#screen = screen;

    this.#state = startOf(addressText(context.server), context.user);
    const end = (code: number) => {
      this.#code = code;
      this.#over.abort();
    };
    context.signal.addEventListener('abort', () => end(EXIT_INTERRUPTED), { once: true });
    window.onKey((key) => {
      if (key === 'quit') end(EXIT_OK);
      else if (key === 'interrupt') end(EXIT_INTERRUPTED);
    });
    window.onResize(() => {
      screen.forget();
      this.#draw();
    });
  }

  async run(first: Api): Promise<number> {
    let api: Api | null = first;
    const { signal } = this.#over;
    while (!signal.aborted) {
      if (api !== null) await this.#follow(api);
      if (signal.aborted) break;
      if (this.#state.lostSince === null) this.#change(withoutServer(this.#state, new Date()));
      await delay(DIAL_MS, undefined, { signal }).catch(() => {});
      api = await this.#dial();
    }
    return this.#code;
  }

  stop(): void {
    this.#over.abort();
    if (this.#drawing !== null) clearTimeout(this.#drawing);
  }

  /** Runs until the connection ends. */
  async #follow(api: Api): Promise<void> {
    const connected = new AbortController();
    const signal = AbortSignal.any([this.#over.signal, connected.signal]);
    const asking = this.#keepAsking(api, signal);
    try {
      for await (const event of api.watch({ signal })) {
        this.#change(withEvent(this.#state, { time: new Date(event.time), event }));
        this.#ask(questionsAfter(event.event));
      }
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
    } finally {
      connected.abort();
      await asking;
    }
  }

  async #dial(): Promise<Api | null> {
    try {
      const api = await this.#context.api();
      this.#screen.forget(); // a notice may have been written over it
      this.#change(withServer(this.#state, new Date()));
      this.#ask(ALL_QUESTIONS);
      return api;
    } catch (error) {
      if (error instanceof SyncError) return null;
      throw error;
    }
  }

  #ask(questions: readonly Question[]): void {
    for (const question of questions) this.#wanted.add(question);
    this.#wake();
  }

  /** Asks whenever there is something to ask, and for the state all the time: no event may be needed to see it change. */
  async #keepAsking(api: Api, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const questions = [...this.#wanted];
      this.#wanted.clear();
      const begun = performance.now();
      try {
        if (questions.length > 0) this.#learn(await answersTo(api, questions));
      } catch (error) {
        if (error instanceof SyncError) return; // the connection is over, which ends the events, too
        throw error;
      }
      // Where something happened meanwhile, the answers may be older than what happened.
      const isStale = this.#wanted.size > 0;
      const pause = isStale ? 0 : Math.min(PAUSE_PER_ANSWER * (performance.now() - begun), MAX_PAUSE_MS);
      await delay(Math.max(ASK_MS, pause), undefined, { signal }).catch(() => {});
      if (!this.#isBusy && this.#wanted.size === 0) await this.#untilWanted(signal);
      this.#ask(this.#isBusy ? ['status', 'transfers'] : ['status']);
    }
  }

  get #isBusy(): boolean {
    const { status, transfers } = this.#state;
    return status?.state === 'syncing' || status?.state === 'scanning' || transfers.left.files > 0;
  }

  /** Resolves when something is to be asked, or after a moment. */
  async #untilWanted(signal: AbortSignal): Promise<void> {
    const wanted = new AbortController();
    this.#wake = () => wanted.abort();
    await delay(IDLE_MS, undefined, { signal: AbortSignal.any([signal, wanted.signal]) }).catch(() => {});
  }

  /** The state is read after the answers, because events have arrived meanwhile. */
  #learn(answers: Answers): void {
    const before = this.#state;
    this.#change(withAnswers(before, answers));
    this.#ask(questionsAfterAnswers(before, this.#state));
  }

  #change(state: LiveState): void {
    this.#state = state;
    this.#drawing ??= setTimeout(() => this.#draw(), DRAW_MS);
  }

  #draw(): void {
    if (this.#drawing !== null) clearTimeout(this.#drawing);
    this.#drawing = null;
    const { columns, rows } = this.#window.size();
    const { colors, names } = this.#context;
    // The last column stays empty, because some terminals draw an emoji wider than it is and do not wrap.
    this.#screen.draw(liveLines(this.#state, { columns: columns - 1, rows }, colors, names));
  }
}

type Answers = Parameters<typeof withAnswers>[1];

async function answersTo(api: Api, questions: readonly Question[]): Promise<Answers> {
  const asked = await Promise.all(
    questions.map(async (question): Promise<Answers> => {
      switch (question) {
        case 'status':
          return { status: await api.status() };
        case 'locks':
          return { locks: inOrder((await api.locks()).locks) };
        case 'held':
          return { held: (await api.held()).held };
        case 'conflicts':
          return { conflicts: (await api.conflicts()).conflicts };
        case 'transfers':
          return { transfers: await api.transfers() };
      }
    }),
  );
  return Object.assign({}, ...asked);
}
