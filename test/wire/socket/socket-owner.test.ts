// The owner of the other end of a connection, from the kernel's table.
import { endianness } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isClosedByOther, ownerIn, SocketTable } from '../../../src/wire/socket/socket-owner.js';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                    \n';

/** One row as the kernel prints it. */
function row(local: string, remote: string, state: string, uid: number, inode: number): string {
  const queues = '00000000:00000000 00:00000000 00000000';
  return `   3: ${local} ${remote} ${state} ${queues} ${`${uid}`.padStart(5)}        0 ${inode} 1 000000006c4 20 4 30 10 -1\n`;
}

const NEAR = { address: '127.0.0.1', port: 8080 };
const FAR = { address: '127.0.0.1', port: 0xa5dc };
const [near, far] = ['0100007F:1F90', '0100007F:A5DC'];
const mapped = (end: string) => `0000000000000000FFFF0000${end}`;

describe.runIf(endianness() === 'LE')('the owner in the table', () => {
  const rows: [what: string, text: string, owner: number | null][] = [
    ['is that of the connected socket', row(far, near, '01', 1000, 77), 1000],
    ['is nobody where there is no row', row(near, far, '01', 1000, 77), null],
    ['is nobody where the table is empty', '', null],
    ['is that of one that has said its last (FIN_WAIT1)', row(far, near, '04', 1000, 77), 1000],
    ['is that of one that has said its last (FIN_WAIT2)', row(far, near, '05', 1000, 77), 1000],
    ['is that of one that has heard the last (CLOSE_WAIT)', row(far, near, '08', 1000, 77), 1000],
    ['is not root where nobody holds it any more (TIME_WAIT)', row(far, near, '06', 0, 0), null],
    ['is not root where it was closed before all was said (FIN_WAIT2, no inode)', row(far, near, '05', 0, 0), null],
    ['is not root where it is connected and held by nobody', row(far, near, '01', 0, 0), null],
    ['is not root where it is not accepted yet', row(far, near, '03', 0, 0), null],
    ['is not one who listens', row(far, near, '0A', 1000, 77), null],
    ['is the one who holds it, not the one who did', row(far, near, '06', 0, 0) + row(far, near, '01', 5, 9), 5],
    ['is that of the same port only', row('0100007F:A5DD', near, '01', 1000, 77), null],
    ['is that of the same address only', row('0200007F:A5DC', near, '01', 1000, 77), null],
    ['is found where IPv4 is spelled as IPv6', row(mapped(far), mapped(near), '01', 1000, 77), 1000],
    ['is not told by a row that is cut off', `   3: ${far} ${near} 01 0000`, null],
    ['is not told by a row that is no row', `   3: ${far} ${near} 01 a b c x 0 9\n`, null],
  ];
  it.each(rows)('%s', (_what, text, owner) => {
    expect(ownerIn(HEAD + text, FAR, NEAR)).toBe(owner);
  });

  it('is found for a socket with an IPv4 address mapped to IPv6', () => {
    const [there, here] = [FAR, NEAR].map(({ address, port }) => ({ address: `::ffff:${address}`, port }));
    expect(ownerIn(row(far, near, '01', 1000, 77), there!, here!)).toBe(1000);
  });

  it.each([
    ['::1', '00000000000000000000000001000000'],
    ['fe80::1:2%eth0', '000080FE000000000000000002000100'],
    ['2001:db8:1:2:3:4:5:6', 'B80D0120020001000400030006000500'],
  ])('is found at %s', (address, words) => {
    const text = row(`${words}:A5DC`, `${words}:1F90`, '01', 1000, 77);
    expect(ownerIn(text, { address, port: 0xa5dc }, { address, port: 8080 })).toBe(1000);
  });
});

describe.runIf(endianness() === 'LE')('the other end', () => {
  it.each<[what: string, text: string, closed: boolean]>([
    ['is there while it is connected', row(near, far, '01', 1000, 77), false],
    ['is there where only this end has said its last', row(near, far, '05', 1000, 77), false],
    ['has closed the connection (CLOSE_WAIT)', row(near, far, '08', 1000, 77), true],
    ['has reset the connection', row(far, near, '01', 1000, 77), true],
    ['is there where IPv4 is spelled as IPv6', row(mapped(near), mapped(far), '01', 1000, 77), false],
  ])('%s', (_what, text, closed) => {
    expect(isClosedByOther(HEAD + text, NEAR, FAR)).toBe(closed);
  });
});

describe('the table, read for many callers', () => {
  it('is read again once for all callers that arrive during a reading', async () => {
    const readings: ((text: string) => void)[] = [];
    const table = new SocketTable(() => new Promise((resolve) => readings.push(resolve)));
    const first = table.fresh();
    await Promise.resolve();
    const many = Array.from({ length: 300 }, () => table.fresh());
    expect(readings).toHaveLength(1);
    readings[0]!('old');
    expect(await first).toBe('old');
    await Promise.resolve();
    expect(readings).toHaveLength(2);
    readings[1]!('new');
    expect(new Set(await Promise.all(many))).toEqual(new Set(['new']));
  });

  it('is read again after a failed reading', async () => {
    let fails = true;
    const table = new SocketTable(async () => {
      if (fails) throw new Error('EMFILE');
      return 'rows';
    });
    await expect(table.fresh()).rejects.toThrow('EMFILE');
    fails = false;
    expect(await table.fresh()).toBe('rows');
  });
});
