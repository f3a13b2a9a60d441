// Somebody who wants short answers while others carry: asks for a listing and a lock again and again, in a process of its
// own, until stdin ends; then says how long that took, in milliseconds: the middle one, one in a hundred, the longest.
import { Client } from 'lockstep';

const client = await Client.connect({ server: process.argv[2], user: 'probe' });
const times = { list: [], lock: [] };
let over = false;
process.stdin.on('end', () => {
  over = true;
});
process.stdin.resume();

const timed = async (what, act) => {
  const since = performance.now();
  await act();
  times[what].push(performance.now() - since);
};
while (!over) {
  await timed('list', () => client.list());
  await timed('lock', () => client.lock(['probe']));
  await client.unlock(['probe']);
  await new Promise((resolve) => setTimeout(resolve, 20));
}
client.close();

const quantiles = (ms) => {
  const sorted = ms.sort((x, y) => x - y);
  return [0.5, 0.99, 1].map((share) => Number((sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1)));
};
console.log(JSON.stringify({ list: quantiles(times.list), lock: quantiles(times.lock), asked: times.list.length }));
