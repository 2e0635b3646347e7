import { describe, expect, test } from 'vitest';
import { type ForwardSettings, forwardTargets, targetName } from '../../src/forward/forward-targets.ts';

const settings = (more: Partial<ForwardSettings> = {}): ForwardSettings => ({ endpoint: null, headers: null, ...more });

const targetsOf = (more: Partial<ForwardSettings>): Record<string, { url: string; headers: Record<string, string> }> => {
  const outcome = forwardTargets(settings(more));
  if (outcome.status === 'wrong') throw new Error(outcome.message);
  return Object.fromEntries(
    Object.entries(outcome.targets).map(([signal, { url, headers }]) => [signal, { url: url.href, headers: { ...headers } }]),
  );
};

const wrong = (more: Partial<ForwardSettings>): string => {
  const outcome = forwardTargets(settings(more));
  return outcome.status === 'wrong' ? outcome.message : `taken: ${JSON.stringify(outcome.targets)}`;
};

describe('targets', () => {
  test('are none where nothing names one', () => {
    expect(targetsOf({})).toEqual({});
    expect(targetsOf({ endpoint: ' ', headers: 'a=b' })).toEqual({});
  });

  test.each([
    ['http://host:4318', 'http://host:4318/v1/traces'],
    ['https://host/', 'https://host/v1/traces'],
    ['https://host/api/otel/', 'https://host/api/otel/v1/traces'],
    ['https://host/otlp?team=7#x', 'https://host/otlp/v1/traces?team=7'],
  ])('of the endpoint %s have the path of their signal appended', (endpoint, expected) => {
    expect(targetsOf({ endpoint })['traces']?.url).toBe(expected);
    expect(Object.keys(targetsOf({ endpoint }))).toEqual(['traces', 'logs', 'metrics']);
  });

  test('of a signal of its own are used as they are, also alone', () => {
    const own = { endpoint: 'https://logs.example/in', headers: null };
    expect(targetsOf({ logs: own })).toEqual({ logs: { url: 'https://logs.example/in', headers: {} } });
    const both = targetsOf({ endpoint: 'http://host:4318', logs: own });
    expect([both['traces']?.url, both['logs']?.url]).toEqual(['http://host:4318/v1/traces', 'https://logs.example/in']);
  });

  test('have URL-decoded headers; those of a signal win', () => {
    const logs = { endpoint: null, headers: 'X-Key=own' };
    const found = targetsOf({ endpoint: 'http://host', headers: ' Authorization=Basic%20YTpi%3D, x-key = shared ,', logs });
    expect(found['traces']?.headers).toEqual({ authorization: 'Basic YTpi=', 'x-key': 'shared' });
    expect(found['logs']?.headers).toEqual({ authorization: 'Basic YTpi=', 'x-key': 'own' });
    expect(targetsOf({ endpoint: 'http://host', headers: 'a=b=c' })['traces']?.headers).toEqual({ a: 'b=c' });
  });

  test('send user and password of a URL as basic authentication, and show neither', () => {
    const { url, headers } = targetsOf({ endpoint: 'https://me:p%40ss@host' })['traces'] ?? { url: '', headers: {} };
    expect(url).toBe('https://host/v1/traces');
    expect(headers).toEqual({ authorization: `Basic ${btoa('me:p@ss')}` });
    expect(targetsOf({ endpoint: 'https://me:x@host', headers: 'authorization=Bearer t' })['traces']?.headers).toEqual({
      authorization: 'Bearer t',
    });
    expect(targetName(new URL('https://me:pw@host:1/v1/traces?key=k'))).toBe('https://host:1/v1/traces');
  });

  test.each([
    ['localhost:4318', 'AI_TRACKER_FORWARD_ENDPOINT begins with localhost://'],
    ['not a url', 'AI_TRACKER_FORWARD_ENDPOINT is not a URL'],
    ['grpc://host:4317', 'AI_TRACKER_FORWARD_ENDPOINT begins with grpc://'],
    ['http://host/v1/traces', 'set AI_TRACKER_FORWARD_TRACES_ENDPOINT'],
  ])('say of the endpoint %s what to write instead', (endpoint, message) => {
    expect(wrong({ endpoint })).toContain(message);
  });

  test.each([
    ['authorization: Bearer abc==', 'does not allow'],
    ['Bearer abc', 'without `=`'],
    ['a=abc%', 'URL encoding'],
    ['a=abc%0d%0ax: abc', 'does not allow'],
    ['content-type=abc', 'sets content-type'],
  ])('say what is wrong with the headers %s, and show no value', (headers, message) => {
    const said = wrong({ endpoint: 'http://host', headers });
    expect(said).toContain('AI_TRACKER_FORWARD_HEADERS');
    expect(said).toContain(message);
    expect(said).not.toContain('abc');
  });

  test('name the setting of the signal that is wrong', () => {
    expect(wrong({ logs: { endpoint: '??', headers: null } })).toContain('AI_TRACKER_FORWARD_LOGS_ENDPOINT');
    expect(wrong({ metrics: { endpoint: null, headers: 'x' } })).toContain('AI_TRACKER_FORWARD_METRICS_HEADERS');
  });
});
