// The page begins here: it is drawn, signs in, and then lives by the events of the server.
import { render } from 'preact';
import '@preact/signals';
import { App } from './app.js';
import { start } from './model/connection.js';
import { route } from './model/page-state.js';
import { hearKeys } from './model/shortcuts.js';
import { parseRoute, tokenIn } from './words/route.js';

function onAddress(): void {
  // Another address with a token, in a page that is open: it is as if it were opened anew.
  if (tokenIn(location.hash) !== null) location.reload();
  else route.value = parseRoute(location.hash);
}

if (tokenIn(location.hash) === null) route.value = parseRoute(location.hash);
window.addEventListener('hashchange', onAddress);
hearKeys();
render(<App />, document.getElementById('page')!);
await start();
