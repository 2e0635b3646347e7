import { SETTINGS } from '../../src/model/settings.ts';
import { SERVE_SETTINGS } from '../../src/receiver/serve-settings.ts';

const code = (text: string): string => `\`${text}\``;

/** README's table of options, from the one table that the code reads. */
export function optionsTable(): string {
  const rows = SETTINGS.map(
    ({ option, env, byDefault, doc }) => `| ${code(option)} | ${env.map(code).join(', ')} | ${byDefault} | ${doc} |`,
  );
  return ['| option | environment | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** The receiver's own table, in docs/receiver.md. */
export function serveOptionsTable(): string {
  const rows = SERVE_SETTINGS.map(({ env, byDefault, doc }) => `| ${env.map(code).join(', ')} | ${byDefault} | ${doc} |`);
  return ['| environment | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}
