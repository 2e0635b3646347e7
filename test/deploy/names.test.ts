import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SERVE_SETTINGS } from '../../src/receiver/serve-settings.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { deployed } from '../support/deployed.ts';
import { exportedVariables } from '../support/exported-variables.ts';
import { knownVariables, optionsOf, serveOptionsIn, variablesIn } from '../support/known-names.ts';

const folder = (name: string): string[] =>
  readdirSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), {
    recursive: true,
    withFileTypes: true,
    encoding: 'utf8',
  })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`);

const files = [...folder('deploy'), ...folder('docs').filter((file) => file.endsWith('.md') && !file.endsWith('/cli.md'))];
const texts = files.map((file) => readFileSync(file, 'utf8'));

describe('what deploy/ and docs/ tell people to set', () => {
  test('are variables that something reads', () => {
    const named = new Set(texts.flatMap(variablesIn));
    expect(named.size).toBeGreaterThan(10);
    expect([...named].filter((name) => !knownVariables.has(name))).toEqual([]);
  });

  test('are options that serve has', () => {
    const named = new Set(texts.flatMap(serveOptionsIn));
    expect(named.size).toBeGreaterThan(2);
    expect([...named].filter((option) => !optionsOf('serve').has(option))).toEqual([]);
  });

  test('is the port that serve listens on by default', () => {
    expect(SERVE_SETTINGS.find(({ option }) => option === 'port')?.byDefault).toBe('4318');
  });

  test('every setting of serve stands in docs/receiver.md', () => {
    const page = readFileSync(fileURLToPath(new URL('../../docs/receiver.md', import.meta.url)), 'utf8');
    expect(SERVE_SETTINGS.flatMap(({ env }) => env).filter((name) => !page.includes(name))).toEqual([]);
  });
});

describe('senders', () => {
  const pages = folder('docs/integrations').map((file) => [file.split('/').pop() ?? '', readFileSync(file, 'utf8')] as const);

  test.each(pages.filter(([, text]) => text.includes(':4318')))('%s says how the agent is named', (_, text) => {
    expect(text).toMatch(/OTEL_RESOURCE_ATTRIBUTES.*agent\.id=/);
  });

  test('no page names the agent of an environment otherwise than by agent.id', () => {
    const named = pages.map(([, text]) => exportedVariables(codeBlocks(text))['OTEL_RESOURCE_ATTRIBUTES']);
    const said = named.filter((value) => value !== undefined);
    expect(said.length).toBeGreaterThan(1);
    for (const value of said) expect(value).toMatch(/^agent\.id=[\w-]+/);
  });
});

test('a receiver that others reach is never without a token in deploy/', () => {
  const open = folder('deploy').filter((file) => /AI_TRACKER_HOST\b.*0\.0\.0\.0/.test(readFileSync(file, 'utf8')));
  expect(open.map((file) => file.split('/').pop())).toEqual(expect.arrayContaining(['Dockerfile', 'receiver.yaml']));
  expect(deployed('compose.yaml')).toContain('AI_TRACKER_TOKEN:');
  expect(deployed('kubernetes/receiver.yaml')).toContain('AI_TRACKER_TOKEN_FILE');
});
