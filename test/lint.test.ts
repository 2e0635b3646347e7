import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Finding {
  code: string;
  severity: string;
  labels: { span: { line: number } }[];
}

/** The project's own rules on one file; fixtures are left out of the ordinary run, hence the copy of the settings. */
function lint(file: string): Finding[] {
  const config = fileURLToPath(new URL('fixtures/lint/oxlintrc.json', import.meta.url));
  const run = spawnSync('oxlint', ['--type-aware', '--format', 'json', '-c', config, file], { cwd: root, encoding: 'utf8' });
  return (JSON.parse(run.stdout) as { diagnostics: Finding[] }).diagnostics;
}

test('lint reports each kysely query that is executed and not awaited, and only those', () => {
  const findings = lint('test/fixtures/lint/unawaited-execute.ts');
  expect(findings.map((f) => [f.code, f.severity, f.labels[0]?.span.line])).toEqual([
    ['typescript(no-floating-promises)', 'error', 9],
    ['typescript(no-floating-promises)', 'error', 10],
  ]);
});
