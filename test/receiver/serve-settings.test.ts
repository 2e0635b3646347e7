import { expect, test } from 'vitest';
import { resolveTable } from '../../src/model/setting-table.ts';
import { SETTINGS } from '../../src/model/settings.ts';
import { SERVE_DEFAULTS, SERVE_SETTINGS, type ServeSettings } from '../../src/receiver/serve-settings.ts';

const resolve = (env: NodeJS.ProcessEnv, given: Partial<ServeSettings> = {}) =>
  resolveTable<ServeSettings>(SERVE_SETTINGS, SERVE_DEFAULTS, given, env);

test('a setting of the receiver is what was typed, else its variable, else its default', () => {
  expect(resolve({ AI_TRACKER_PORT: '4000' }, { port: 5000 }).settings.port).toBe(5000);
  expect(resolve({ AI_TRACKER_PORT: '4000', AI_TRACKER_ALLOW_HOSTS: 'a, b' }).settings).toMatchObject({
    port: 4000,
    allowHosts: ['a', 'b'],
  });
  expect(resolve({}).settings).toEqual(SERVE_DEFAULTS);
});

test('what Kubernetes sets for a service called ai-tracker is no port', () => {
  expect(resolve({ AI_TRACKER_PORT: 'tcp://10.96.0.12:4318' })).toEqual({ settings: SERVE_DEFAULTS, problems: [] });
  expect(resolve({ AI_TRACKER_PORT: '70000' }).problems).toEqual(['AI_TRACKER_PORT="70000" is not a port, 0 to 65535']);
});

test('the table names each setting once, with a variable that nothing else reads', () => {
  expect(SERVE_SETTINGS.map(({ option }) => option).sort()).toEqual(Object.keys(SERVE_DEFAULTS).sort());
  const variables = [...SERVE_SETTINGS, ...SETTINGS].flatMap(({ env }) => [...env]);
  expect(new Set(variables).size).toBe(variables.length);
});

test('the table tells the defaults that hold', () => {
  for (const { option, byDefault } of SERVE_SETTINGS) {
    const value = SERVE_DEFAULTS[option];
    expect(byDefault, option).toBe(value === null || (Array.isArray(value) && value.length === 0) ? 'none' : String(value));
  }
});
