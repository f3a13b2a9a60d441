import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { dial, isLoopback, listen, parseAddress } from '../../../src/wire/socket/tcp.js';
import { at, listening, rawSocket, untilClosed } from '../ends.js';

const host = '127.0.0.1';
const onConnection = () => {};

describe('listening', () => {
  it('on a port in use is refused with a message', async () => {
    const { listener } = await listening();
    await expect(listen({ ...at(listener), onConnection })).rejects.toMatchObject({
      code: 'usage',
      message: `Port ${listener.port} on ${host} is in use.`,
      hint: 'Stop the other program, or start with --port N.',
    });
    await expect(listen({ ...at(listener), onConnection, otherPort: 'b with --peer' })).rejects.toMatchObject({
      hint: 'Stop the other program, or start with --port N and b with --peer.',
    });
  });

  it.each([
    ['203.0.113.1', 'not one of this machine'],
    ['no-such-host.invalid', 'Cannot listen'],
  ])('on %s is refused in words', async (address, words) => {
    const error = await listen({ host: address, port: 0, onConnection }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'usage', message: expect.stringContaining(words) });
  });

  it('stops with all its connections', async () => {
    const { listener, accept } = await listening();
    const near = await dial(at(listener));
    const far = await accept();
    await listener.close();
    expect(await Promise.all([near.closed, far.closed])).toEqual([null, null]);
    await expect(dial(at(listener))).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('refuses connections over the limit, and accepts others when some have ended', async () => {
    const { listener, accept } = await listening({ connections: 2 });
    await dial(at(listener));
    const first = await accept();
    await dial(at(listener));
    const second = await accept();
    const said = JSON.parse(await untilClosed(await rawSocket(listener)));
    expect(said).toMatchObject({ id: null, error: { data: { code: 'busy' } } });
    first.close();
    second.close();
    await Promise.all([first.closed, second.closed]);
    const third = await dial(at(listener));
    await accept();
    third.close();
  });
});

describe('dialling', () => {
  it('without a listener fails with a message', async () => {
    const free = net.createServer().listen(0, host);
    await once(free, 'listening');
    const { port } = free.address() as net.AddressInfo;
    free.close();
    await once(free, 'close');
    await expect(dial({ host, port })).rejects.toMatchObject({
      code: 'unreachable',
      message: `Cannot reach ${host}:${port}: nothing listens there.`,
    });
  });

  it('can be interrupted before it begins and while it runs', async () => {
    const { listener } = await listening();
    const interrupted = expect.objectContaining({ code: 'interrupted' });
    await expect(dial({ ...at(listener), signal: AbortSignal.abort() })).rejects.toEqual(interrupted);
    const stop = new AbortController();
    const dialling = dial({ ...at(listener), signal: stop.signal });
    stop.abort();
    await expect(dialling).rejects.toEqual(interrupted);
  });
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['box.example:1', 'box.example', 1],
    ['[::1]:8080', '::1', 8080],
    [':65535', 'here', 65_535],
    ['8080', 'here', 8080],
  ])('%s is understood', (text, wanted, port) => {
    expect(parseAddress(text, 'here')).toEqual({ host: wanted, port });
  });

  it.each([
    '',
    'box',
    'box:',
    'box:0',
    'box:65536',
    'box:x',
    '::1:8080',
    '[::1]',
    '[box]:1',
    'a b:1',
    'box:1 ',
    'box:-1',
    '[::1:1',
  ])('"%s" is refused', (text) => {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['localhost', true],
    ['::1', true],
    ['0:0:0:0:0:0:0:1', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.0.1', false],
    ['127.0.0.1.example', false],
  ])('%s is loopback: %s', (address, is) => {
    expect(isLoopback(address)).toBe(is);
  });
});
