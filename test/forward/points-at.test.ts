import { hostname, networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { pointsAt } from '../../src/forward/points-at.ts';

describe('a target', () => {
  test.each([
    ['http://127.0.0.1:4318/v1/traces', '127.0.0.1'],
    ['http://localhost:4318', '127.0.0.1'],
    ['http://[::1]:4318', '127.0.0.1'],
    ['http://[::ffff:127.0.0.1]:4318', '127.0.0.1'],
    ['http://LOCALHOST.:4318', '::1'],
    ['http://0.0.0.0:4318', 'localhost'],
    ['http://localhost:4318', '0.0.0.0'],
    [`http://${hostname()}:4318`, '::'],
    ['http://10.1.2.3:4318', '10.1.2.3'],
  ])('%s points at a receiver bound to %s', (target, host) => {
    expect(pointsAt(new URL(target), host, 4318)).toBe(true);
  });

  test('by an address of this machine points at a receiver bound to all of them', () => {
    const own = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
    expect(own.length).toBeGreaterThan(0);
    for (const { address, family } of own) {
      if (address.includes('%') || address.startsWith('fe80')) continue;
      const url = new URL(`http://${family === 'IPv6' ? `[${address}]` : address}:4318`);
      expect(pointsAt(url, '0.0.0.0', 4318), url.href).toBe(true);
    }
  });

  test.each([
    ['http://127.0.0.1:4319', '127.0.0.1'],
    ['https://localhost', '127.0.0.1'],
    ['https://vendor.example:4318', '0.0.0.0'],
    ['http://10.1.2.3:4318', '127.0.0.1'],
    ['http://localhost:4318', '10.1.2.3'],
  ])('%s does not point at a receiver bound to %s, port 4318', (target, host) => {
    expect(pointsAt(new URL(target), host, 4318)).toBe(false);
  });

  test('without a port has its scheme’s', () => {
    expect(pointsAt(new URL('http://localhost'), '127.0.0.1', 80)).toBe(true);
    expect(pointsAt(new URL('https://localhost'), '127.0.0.1', 443)).toBe(true);
  });
});
