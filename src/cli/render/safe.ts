// The last look at what is printed: whatever came from a server, and however it got into a line, only this program's own
// colours and line ends may drive a terminal. What is JSON stays the same JSON.
import { escapeControls } from '../../core/path.js';

/** Nothing that is not to be shown as it is; most text is such. */
const HARMLESS = /^[\n\t\x20-\x7e\u00a0-\u0600\u3000-\ud7ff]*$/;
/** The colours that are used here, and their ends: no other sequence, so that none can hide text or move the cursor. */
const OWN_COLOURS = /(\u001b\[(?:0|1|2|22|31|32|33|34|35|36|39|90)m|[\n\t])/;

/** @returns `text` with every other control or direction character made visible. */
export function safeText(text: string): string {
  if (HARMLESS.test(text)) return text;
  // Every second part is one of the separators.
  return text
    .split(OWN_COLOURS)
    .map((part, n) => (n % 2 === 1 ? part : escapeControls(part)))
    .join('');
}
