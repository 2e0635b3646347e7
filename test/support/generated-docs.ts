import { performanceDoc } from '../../bench/performance-doc.ts';
import { betweenMarkers } from './between-markers.ts';
import { pluginHooks, pluginManifest, pluginScript } from './claude-plugin.ts';
import { cliDoc } from './cli-doc.ts';
import { findingsTable } from './findings-table.ts';
import { schemaDoc } from './generate-schema-doc.ts';
import { optionsTable, serveOptionsTable } from './options-table.ts';
import { ranksTable } from './ranks-table.ts';

export interface GeneratedDoc {
  /** Relative to the package's root. */
  readonly file: string;
  /** The whole text as it should be; `current` is what is there, or empty. */
  readonly render: (current: string) => string | Promise<string>;
}

/** Everything that `npm run docs` writes and test/docs.test.ts compares. */
export const GENERATED_DOCS: readonly GeneratedDoc[] = [
  { file: 'README.md', render: (current) => betweenMarkers(current, 'options', `\n${optionsTable()}\n`) },
  { file: 'docs/receiver.md', render: (current) => betweenMarkers(current, 'serve-options', `\n${serveOptionsTable()}\n`) },
  { file: 'docs/architecture.md', render: (current) => betweenMarkers(current, 'ranks', `\n${ranksTable()}\n`) },
  { file: 'docs/doctor.md', render: (current) => betweenMarkers(current, 'findings', `\n${findingsTable()}\n`) },
  { file: 'docs/performance.md', render: performanceDoc },
  { file: 'docs/schema.md', render: schemaDoc },
  { file: 'docs/cli.md', render: cliDoc },
  { file: 'plugin/.claude-plugin/plugin.json', render: pluginManifest },
  { file: 'plugin/hooks/hooks.json', render: pluginHooks },
  { file: 'plugin/hooks/claude-hook.sh', render: pluginScript },
];
