// The last filter before output: only this program's own colours and line ends may control the terminal, whatever a
// server sends. JSON stays the same JSON.
import { escapeControls } from '../../core/path.js';

/** Text without any character to escape, as most text is. */
const HARMLESS = /^[\n\t\x20-\x7e\u00a0-\u0600\u2190-\u21ff\u3000-\ud7ff]*$/;
/** The colours that are used here, and their ends. Other sequences could hide text or move the cursor. */
const OWN_COLOURS = /(\u001b\[(?:0|1|2|22|31|32|33|34|35|36|39|90)m|[\n\t])/;

/** @returns `text` with all other control and direction characters escaped. */
export function safeText(text: string): string {
  if (HARMLESS.test(text)) return text;
  // Every second part is a separator.
  return text
    .split(OWN_COLOURS)
    .map((part, n) => (n % 2 === 1 ? part : escapeControls(part)))
    .join('');
}
