// Keys that work everywhere. They are single letters, so they can be switched off, and never work while one types.
import { effect, signal } from '@preact/signals';
import { VIEWS } from '../words/route.js';
import { goTo, opened, question, questioned } from './page-state.js';
import { toasts } from './toasts.js';

const STORED = 'lockstep-single-keys';

export const singleKeys = signal(localStorage.getItem(STORED) !== 'off');

export function switchSingleKeys(are: boolean): void {
  singleKeys.value = are;
}

/** Begins to hear the keys. */
export function hearKeys(): void {
  effect(() => localStorage.setItem(STORED, singleKeys.value ? 'on' : 'off'));
  document.addEventListener('keydown', onKey);
}

function onKey(event: KeyboardEvent): void {
  const { key, ctrlKey, metaKey, altKey } = event;
  if (!singleKeys.value || ctrlKey || metaKey || altKey || isTyping(event.target)) return;
  if (questioned.value !== null || opened.value !== null) return;
  const view = VIEWS[Number(key) - 1];
  if (view !== undefined) goTo(view);
  else if (key === '/') findFiles();
  else if (key === '?') question('shortcuts');
  else if (key === 'z') undoLast();
  else return;
  event.preventDefault();
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('input, textarea, select') !== null;

function findFiles(): void {
  goTo('files');
  requestAnimationFrame(() => document.getElementById('search')?.focus());
}

function undoLast(): void {
  const action = toasts.value.flatMap((toast) => toast.actions.filter(({ label }) => label === 'Undo')).at(-1);
  action?.run();
}
