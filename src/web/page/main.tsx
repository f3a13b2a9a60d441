// The page: it signs in with the token of its address, and says the state of the pair in one sentence.
import { signal } from '@preact/signals';
import { render } from 'preact';
import type { Status } from '../../wire/client-api/methods.js';

const state = signal('Connecting …');

const Page = () => (
  <main>
    <h1>Lockstep</h1>
    <p role="status">{state}</p>
  </main>
);

/** Exchanges the token of the address for a cookie; it serves once, and is taken out of the address. */
async function signIn(): Promise<void> {
  const token = location.hash.slice(1);
  if (token === '') return;
  history.replaceState(null, '', location.pathname);
  const headers = { 'content-type': 'application/json' };
  await fetch('/session', { method: 'POST', headers, body: JSON.stringify({ token }) });
}

async function showState(): Promise<void> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'status', params: {} });
  const answer = await fetch('/rpc', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  if (!answer.ok) {
    state.value = 'Not signed in. Open the address that "lockstep web" prints.';
    return;
  }
  const { result } = (await answer.json()) as { result?: Status };
  state.value = result === undefined ? 'The server refuses to answer.' : `The pair is ${result.state}.`;
}

const root = document.getElementById('page');
if (root !== null) render(<Page />, root);
await signIn();
await showState();
