import { describe, expect, test } from 'vitest';
import { errorLine, MAX_MESSAGE, MAX_NAME, scrubLabel, scrubName, scrubText } from '../../src/dialect/scrub.ts';
import { KEYS } from './made-up-keys.ts';

describe('a key in an error message is masked', () => {
  test.each(KEYS)('%s', (_owner, key) => {
    for (const message of [key, `invalid key ${key}.`, `key='${key}'`, `(${key})`, `{"k":"${key}"}`, `https://h/x/${key}/y`]) {
      const clean = errorLine(message) ?? '';
      expect(clean, message).not.toContain(key);
      // Nor a half of it.
      expect(clean, message).not.toContain(key.slice(-12));
      expect(clean).toContain('*');
    }
  });
});

describe('credentials are masked by what stands before them', () => {
  test.each([
    ['password=hunter2, retry', 'password=***, retry'],
    ['password: hunter', 'password: ***'],
    ['PGPASSWORD=hunter psql', 'PGPASSWORD=*** psql'],
    ['{"client_secret": "abc", "x": 1}', '{"client_secret": "***", "x": 1}'],
    ["{'api_key': 'abc'}", '{\'api_key\': "***"}'],
    ['token: abc12345xyz', 'token: ***'],
    ['Authorization: Bearer abc', 'Authorization: ***'],
    ['"x-api-key": "12345"', '"x-api-key": "***"'],
    ['Cookie: sid=1; theme=dark', 'Cookie: ***'],
    ['header Basic dXNlcjpwYXNz refused', 'header Basic *** refused'],
    ['Bearer abc123def refused', 'Bearer *** refused'],
    ['curl --password hunter2 failed', 'curl --password *** failed'],
    ['postgres://app:hunter2@db:5432/main?sslmode=require failed', 'postgres://db:5432/main failed'],
    ['GET /v1/files?api_key=abc&x=1 failed', 'GET /v1/files?*** failed'],
    ['fetch https://u:p@h.example.com/users/123?sig=ab: timeout', 'fetch https://h.example.com/users/*: timeout'],
    [`key -----BEGIN ${'RSA'} PRIVATE KEY-----\\nMIIEow\\n-----END ${'RSA'} PRIVATE KEY----- is bad`, 'key *** is bad'],
    [`-----BEGIN ${'OPENSSH'} PRIVATE KEY-----`, '***'],
    ['mail to bob.smith@example.com bounced', 'mail to *** bounced'],
  ])('%s', (message, clean) => expect(errorLine(message)).toBe(clean));
});

describe('what is no secret stays', () => {
  test.each([
    'Unexpected token: } in JSON at position 4',
    'max_tokens=4096 is too large',
    'token: expired',
    'Bearer authentication required',
    'Basic Authentication failed',
    '--token is required',
    'connect ECONNREFUSED 127.0.0.1:5432',
    'run 6f1c2a4e-1111-4222-8333-444455556666 not found',
    'ENOENT: no such file or directory, open /home/alice/Projects/MyApp2/src/v3/Component1/index.ts',
    'AbstractSingletonProxyFactoryBeanConfigurationException',
    'task-management-service: 503',
    'see https://docs.example.com/errors/P1001.',
    'foo@1.2.3 not found',
    'Karte abgelehnt: „zu wenig Guthaben“ 💳',
  ])('%s', (message) => expect(errorLine(message)).toBe(message));
});

describe('an error message', () => {
  test('is its first line that says anything, without colours and control characters', () => {
    expect(errorLine('\n\n  \u001b[31mno\u0000 such\ttool\u001b[0m  \n    at f (x.ts:1:1)')).toBe('no such tool');
    expect(errorLine('one\u2028two')).toBe('one');
    expect(errorLine(' \n\t')).toBeNull();
  });

  test('is capped, not in the middle of a character, and after it was scrubbed', () => {
    const long = errorLine('ab '.repeat(1000)) ?? '';
    expect(long).toHaveLength(MAX_MESSAGE);
    expect(long.endsWith('…')).toBe(true);
    const pile = errorLine('💥'.repeat(400)) ?? '';
    expect(Buffer.from(pile).toString()).toBe(pile);
    const [, key] = KEYS[0] as (typeof KEYS)[number];
    expect(errorLine(`${'x '.repeat(240)}${key}`)).not.toContain(key.slice(0, 12));
  });

  test('scrubbed twice is the same', () => {
    const samples = [
      ...KEYS.map(([, key]) => `bad ${key}`),
      'password="a b"',
      "token='x'",
      'Cookie: a=b',
      'Bearer abc123def',
      'a?x=1',
      'https://u:p@h/1?q',
    ];
    for (const sample of samples) expect(scrubText(scrubText(sample)), sample).toBe(scrubText(sample));
  });

  test('of hostile shape costs no more than a few milliseconds', () => {
    const pieces = [
      'a',
      '-',
      'password',
      'token ',
      'x-',
      'a@',
      'a.',
      '1:',
      'eyJ',
      '?a=',
      'http://',
      '\u001b[0',
      'sk-',
      'authorization:',
      '"',
      'a@b.',
      ' =',
      '-----BEGIN PRIVATE KEY-----',
      'x.token=',
      '--token ',
    ];
    for (const piece of pieces) {
      const hostile = piece.repeat(Math.ceil(4096 / piece.length));
      const started = performance.now();
      for (let i = 0; i < 10; i++) errorLine(hostile);
      expect((performance.now() - started) / 10, piece).toBeLessThan(20);
    }
  });
});

test('a name is one line, scrubbed and capped', () => {
  expect(scrubName('get_weather')).toBe('get_weather');
  expect(scrubName('mcp__github__search_repositories')).toBe('mcp__github__search_repositories');
  expect(scrubName('a\nb')).toBe('a b');
  expect(scrubName('tool '.repeat(100))).toHaveLength(MAX_NAME);
  for (const [, key] of KEYS) expect(scrubName(`call ${key}`)).not.toContain(key);
});

test('a label keeps ids, hashes and links, and loses credentials', () => {
  expect(scrubLabel('283e0c7aa1b2c3d4e5f60718293a4b5c6d7e8f90')).toBe('283e0c7aa1b2c3d4e5f60718293a4b5c6d7e8f90');
  expect(scrubLabel('https://u:p@github.com/o/r/pull/123?x=1')).toBe('https://github.com/o/r/pull/123');
  const [, key] = KEYS[4] as (typeof KEYS)[number];
  expect(scrubLabel(`tenant ${key}`)).toBe('tenant ***');
});
