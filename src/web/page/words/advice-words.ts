// Advice of the server as buttons: the engine names a step, the page has a word for it and does it.
import type { Advice, Step } from '../../../core/advice.js';

/** @returns the word of the button for a step; null where the page has something better beside the message. */
export function stepLabel(step: Step): string | null {
  switch (step.do) {
    case 'ask':
      return 'Ask to unlock';
    case 'unlock':
      return 'Unlock';
    case 'lock':
      return step.wait === true ? 'Wait in line' : 'Lock';
    case 'versions':
      return 'Earlier versions';
    case 'conflicts':
      return 'Conflicts';
    case 'locks':
      return 'Locks';
    case 'status':
    case 'resume':
      return 'Status';
    default:
      return null;
  }
}

export const stepsOf = (advice: Advice): readonly Step[] =>
  advice.filter((part): part is Step => typeof part !== 'string');

/** @returns advice that names no step, as a sentence; '' where it names one. */
export const plainAdvice = (hint: string, advice: Advice): string => (stepsOf(advice).length > 0 ? '' : hint);
