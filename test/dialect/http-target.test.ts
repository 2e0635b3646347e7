import { describe, expect, test } from 'vitest';
import { cleanHost, maskPath, maskSegment, maskUrl } from '../../src/dialect/http-target.ts';

/** Made-up keys in the shape of real ones, in pieces so that no scanner takes them for keys. */
const TELEGRAM = `bot123456789:${'AAHdqTcvCH1vGWJx'}${'fSeofSAs0K5PALDsawA'}`;
const STRIPE = `sk_${'live'}_4eC39HqLyjWDarjtT1zdp7dc`;
const GITHUB = `gh${'p'}_16C7e42F292c6912E7710c838347Ae178B4a`;

describe('a URL keeps host, port and path, and loses', () => {
  test.each([
    ['user and password', 'https://alice:hunter2@api.example.com/v1/a', 'api.example.com/v1/a'],
    ['a password that holds an @', 'https://alice:hun@ter2@api.example.com/v1/a', 'api.example.com/v1/a'],
    ['a token in place of the user', `https://${GITHUB}@github.com/o/r.git`, 'github.com/o/r.git'],
    ['the query', 'https://api.example.com/v1/a?api_key=abc&x=1', 'api.example.com/v1/a'],
    ['the query of a bare host', 'https://api.example.com?api_key=abc', 'api.example.com/'],
    ['the fragment', 'https://app.example.com/cb#access_token=abc', 'app.example.com/cb'],
    ['path parameters', 'https://h.example.com/a;jsessionid=0123/b', 'h.example.com/a'],
    [
      'the signature of a signed URL',
      'https://b.s3.amazonaws.com/report.pdf?X-Amz-Signature=ab12',
      'b.s3.amazonaws.com/report.pdf',
    ],
    ['numbers', 'https://api.example.com/users/123/orders/9', 'api.example.com/users/*/orders/*'],
    ['UUIDs', 'https://h/runs/6f1c2a4e-1111-4222-8333-444455556666', 'h/runs/*'],
    ['UUIDs without hyphens', 'https://h/runs/6f1c2a4e111142228333444455556666', 'h/runs/*'],
    ['addresses of people', 'https://h/users/bob@example.com/roles', 'h/users/*/roles'],
    ['percent-encoding', 'https://h/files/%2Fetc%2Fpasswd', 'h/files/*'],
    ['a Telegram bot’s token', `https://api.telegram.org/${TELEGRAM}/sendMessage`, 'api.telegram.org/*/sendMessage'],
    [
      'a Slack webhook',
      `https://hooks.slack.com/services/T0${'2AB3C4D'}/B0${'5EF6G7H'}/aBcDeFgHiJkLmNoPqRsTuVwX`,
      'hooks.slack.com/services/*/*/*',
    ],
    ['a Discord webhook', `https://discord.com/api/webhooks/112233445566/${'x'.repeat(68)}`, 'discord.com/api/webhooks/*/*'],
    ['keys', `https://h/k/${STRIPE}/${GITHUB}`, 'h/k/*/*'],
    ['what follows a word that tells of a secret', 'https://h/reset-password/correct-horse', 'h/reset-password/*'],
    ['long random letters', 'https://h/x/qwertzuiopasdfghjklyxcvbnm', 'h/x/*'],
    ['random letters of mixed case', 'https://h/x/XyZkLmNoPqRsTuVw', 'h/x/*'],
  ])('%s', (_what, url, kept) => expect(maskUrl(url)).toBe(kept));
});

describe('a URL keeps', () => {
  test.each([
    ['an address of IPv6 and its port', 'http://[2001:db8::1]:8080/a', '[2001:db8::1]:8080/a'],
    ['a port', 'http://localhost:8888/api/tasks', 'localhost:8888/api/tasks'],
    ['versions', 'https://h/v1/v1beta/2024-02-01/chat', 'h/v1/v1beta/2024-02-01/chat'],
    ['a custom verb', 'https://h/v1beta/models/gemini-2.5-pro:generateContent', 'h/v1beta/models/gemini-2.5-pro:generateContent'],
    ['long words', 'https://h/internationalization/getUserPermissions', 'h/internationalization/getUserPermissions'],
    ['what is done with a token', 'https://h/oauth/token/refresh', 'h/oauth/token/refresh'],
    ['underscores in front', 'http://es:9200/index/_search', 'es:9200/index/_search'],
    ['host names in lower case only', 'HTTPS://API.Example.COM/a', 'api.example.com/a'],
  ])('%s', (_what, url, kept) => expect(maskUrl(url)).toBe(kept));

  test('eight segments of its path', () => {
    expect(maskUrl(`https://h/${'a/'.repeat(50)}`)).toBe('h/a/a/a/a/a/a/a/a/…');
  });
});

test('what is no URL of a host has no target', () => {
  for (const url of ['', 'data:image/png;base64,AAAA', 'mailto:a@b.c', '/only/a/path', 'https://', 'https://@/x']) {
    expect(maskUrl(url)).toBeNull();
  }
});

test('masking twice changes nothing', () => {
  for (const path of ['/users/123', `/a/${STRIPE}`, '/reset/x', `/${'a/'.repeat(50)}`, '/v1/models/x:generateContent', '']) {
    expect(maskPath(maskPath(path))).toBe(maskPath(path));
  }
});

test('a segment that only looks like a verb of Google’s is masked', () => {
  expect(maskSegment('alice:hunter')).toBe('*');
  expect(maskSegment('123456:countTokens')).toBe('*:countTokens');
});

test('a host is made of what host names are made of', () => {
  expect(cleanHost('alice:pw@Example.com:80')).toBe('example.com:80');
  expect(cleanHost('/run/user/1000/secret.sock')).toBe('unix');
  expect(cleanHost('fe80::1%eth0')).toBe('fe80::1%eth0');
  expect(cleanHost('Bücher.example')).toBe('bücher.example');
  for (const odd of ['<script>', 'x'.repeat(1000), 'no such host', GITHUB]) expect(cleanHost(odd)).toBe('*');
});

test('a path of any length and content is masked in no time', () => {
  const hostile = ['/'.repeat(4096), 'a'.repeat(4096), `/${'aA1'.repeat(1300)}`, '/:'.repeat(2048), `/${'é'.repeat(2000)}`];
  const started = performance.now();
  for (let i = 0; i < 100; i++) for (const path of hostile) maskUrl(`https://h${path}`);
  expect((performance.now() - started) / 500).toBeLessThan(5);
});
