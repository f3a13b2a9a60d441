// What is said to those who listen to the page: one sentence at a time, politely.
import { signal } from '@preact/signals';

export const announced = signal('');

export function announce(text: string): void {
  // The same sentence again is a change, too, or it would not be said.
  announced.value = text === announced.value ? `${text}\u00a0` : text;
}
