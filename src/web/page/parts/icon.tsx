// The icons: drawn here, so that nothing is fetched; they take the colour of their text and are hidden from those who listen,
// because words always stand beside them.
import type { IconName } from '../words/tones.js';

/** Paths on a field of 24 by 24, drawn with a line of 2. */
const SHAPES: Readonly<Record<IconName, string>> = {
  ask: 'M21 12a8 8 0 0 1-8 8H4l2-3a8 8 0 1 1 15-5zM10 10a2.5 2.5 0 1 1 3.5 2.3c-.6.3-1 .7-1 1.2M12.5 16v.01',
  away: 'M3 3l18 18M8.5 16.4a5 5 0 0 1 7 0M5 12.9a10 10 0 0 1 4-2.5M2 9a15 15 0 0 1 4-2.7M12 4c3.8 0 7.300 1.500 10 5M15 10.700c1.500.5 2.900 1.200 4 2.200M12 20v.01',
  check: 'M4 12.500l5 5L20 6.500',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2',
  close: 'M6 6l12 12M18 6L6 18',
  conflict: 'M6 3v6c0 3 6 3 6 6v6M18 3v6c0 3-6 3-6 6M3 6l3-3 3 3M15 6l3-3 3 3',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  delete: 'M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3',
  deleted: 'M3 12a9 9 0 1 0 3-6.700L3 8M3 3v5h5M12 8v4l3 2',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  file: 'M6 3h8l4 4v14H6zM14 3v5h4',
  folder: 'M3 6h6l2 2h10v11H3z',
  held: 'M6 3h12M6 21h12M7 3v3c0 3 5 4 5 6s-5 3-5 6v3M17 3v3c0 3-5 4-5 6s5 3 5 6v3',
  keyboard: 'M2 6h20v12H2zM6 10v.01M10 10v.01M14 10v.01M18 10v.01M8 14h8',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 1 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 1 0 6 6l1-1',
  list: 'M9 6h12M9 12h12M9 18h12M4 6v.01M4 12v.01M4 18v.01',
  lock: 'M5 11h14v10H5zM8 11V7a4 4 0 0 1 8 0v4',
  pause: 'M8 5v14M16 5v14',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 4-6 8-6s8 2 8 6',
  play: 'M7 4l13 8-13 8z',
  pulse: 'M2 12h5l3-8 4 16 3-8h5',
  rename: 'M4 20l1-5L16 4l4 4L9 19zM13 7l4 4',
  restore: 'M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3',
  search: 'M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500L21 21',
  side: 'M3 5h18v14H3zM12 5v14',
  status: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8v.01',
  steal: 'M4 8h13l-3-3M20 16H7l3 3',
  stop: 'M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16v.01',
  sync: 'M20 11a8 8 0 0 0-14-5L4 8M4 4v4h4M4 13a8 8 0 0 0 14 5l2-2M20 20v-4h-4',
  undo: 'M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3',
  unlock: 'M5 11h14v10H5zM8 11V7a4 4 0 0 1 7.500-2',
  upload: 'M12 16V5M7 9l5-5 5 5M5 20h14',
  warn: 'M12 4l9 16H3zM12 10v5M12 17.500v.01',
};

export const Icon = ({ name, spins = false }: { readonly name: IconName; readonly spins?: boolean }) => (
  <svg class={spins ? 'icon spins' : 'icon'} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={SHAPES[name]} />
  </svg>
);
