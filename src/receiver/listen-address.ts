import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { ReceiverStartError } from './receiver.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether it is an IP address that only this machine reaches. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  return family !== 0 && LOOPBACK.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * The address that a name stands for. Resolved by us and then listened on as a number, so that what is judged to be
 * loopback is what is listened on.
 * @throws {ReceiverStartError}
 */
export async function addressOf(host: string): Promise<string> {
  const name = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(name) !== 0) return name;
  try {
    return (await lookup(name)).address;
  } catch (error) {
    throw new ReceiverStartError(
      'no-such-address',
      `cannot listen on ${host}: there is no such name (${(error as Error).message}); give an address of this machine, such as 127.0.0.1`,
      error,
    );
  }
}
