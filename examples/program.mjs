// Takes a file out of the pair under a lock, changes it, and puts it back.
import { Client, SyncError } from 'lockstep';

const client = await Client.connect({ server: process.env.LOCKSTEP_SERVER, user: 'anna' });
try {
  const [locked] = await client.lock(['docs/plan.txt'], { message: 'new roof' });
  if ('error' in locked) throw new SyncError(locked.error.code, locked.error.message);

  let text = '';
  for await (const piece of client.read('docs/plan.txt')) text += piece; // whole and verified when the loop has ended
  const changed = Buffer.from(text.replace('old roof', 'new roof'));

  await client.upload([changed], 'docs/plan.txt', { size: changed.length, overwrite: true });
  await client.unlock(['docs/plan.txt']);
  await client.flush(); // now it is on both sides
  console.log(`${(await client.list()).entries.length} files, the plan has ${changed.length} bytes`);
} catch (error) {
  console.error(error instanceof SyncError ? `${error.code}: ${error.message} ${error.hint}` : error);
  process.exitCode = 1;
} finally {
  client.close();
}
