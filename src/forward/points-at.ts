import { hostname, networkInterfaces } from 'node:os';

const ANY = new Set(['0.0.0.0', '::']);

/**
 * Whether a target is the receiver's own address, so that it would send everything to itself. It knows this machine's names and
 * addresses and asks no resolver: a circle by another name is found when the first request comes back (passed-by.ts).
 * @param host what the receiver is bound to; `0.0.0.0` and `::` stand for every address of this machine
 */
export function pointsAt(target: URL, host: string, port: number): boolean {
  if (portOf(target) !== port) return false;
  const wanted = bare(target.hostname);
  const bound = bare(host);
  if (wanted === bound) return true;
  if (ANY.has(bound)) return isOurs(wanted);
  return isLoopback(bound) && (isLoopback(wanted) || ANY.has(wanted));
}

const portOf = (url: URL): number => Number(url.port) || (url.protocol === 'https:' ? 443 : 80);

const bare = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');

const isLoopback = (host: string): boolean =>
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  host === '::1' ||
  /^127(\.\d{1,3}){3}$/.test(host) ||
  /^::ffff:7f/.test(host);

function isOurs(host: string): boolean {
  if (isLoopback(host) || ANY.has(host) || host === hostname().toLowerCase()) return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some((found) => found.address === host));
}
