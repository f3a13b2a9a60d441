// Where nobody is signed in: how to get an address that opens the page.
import { Icon } from '../parts/icon.js';

export const Outside = () => (
  <main class="outside">
    <Icon name="lock" />
    <h1>This page needs an address of your own</h1>
    <p>
      Each address opens the page once, for one person. Whoever runs Lockstep gets a new one on the computer of server-a
      with one of these, and can send it to you:
    </p>
    <p>
      <code>lockstep web</code> or <code>client web</code>
    </p>
    <p>Open it in this browser: this page goes on by itself then.</p>
    <p class="quiet-text">Nothing was lost: files and locks are as they were.</p>
  </main>
);
