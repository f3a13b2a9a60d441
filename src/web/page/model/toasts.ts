// Short messages about what somebody did here: what was done with a way back, or what was refused with what can be done.
import { signal } from '@preact/signals';
import type { IconName, Tone } from '../words/tones.js';
import { announce } from './announce.js';

/** A button of a message. */
export interface ToastAction {
  readonly label: string;
  readonly run: () => void;
}

export interface Toast {
  readonly id: number;
  readonly icon: IconName;
  readonly tone: Tone;
  readonly text: string;
  readonly more: string;
  readonly actions: readonly ToastAction[];
  /** Whether it stays until somebody closes it. */
  readonly stays: boolean;
}

const MAX_SHOWN = 3;

export const toasts = signal<readonly Toast[]>([]);

let lastId = 0;

/** @returns the id, by which the message can be closed. */
export function show(toast: Partial<Toast> & Pick<Toast, 'text'>): number {
  const id = ++lastId;
  const whole: Toast = { icon: 'check', tone: 'good', more: '', actions: [], stays: false, ...toast, id };
  const others = toasts.value.filter(({ text }) => text !== toast.text);
  const tooMany = others.filter(({ stays }) => !stays).slice(0, Math.max(0, others.length + 1 - MAX_SHOWN));
  toasts.value = [...others.filter((one) => !tooMany.includes(one)), whole];
  announce([whole.text, whole.more].filter(Boolean).join(' '));
  return id;
}

export function close(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}
