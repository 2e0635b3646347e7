import { readFileSync } from 'node:fs';
import { hooksBlock } from '../../src/hook/install/hook-entries.ts';
import { PACKAGED_SCRIPT } from '../../src/hook/install/hook-script.ts';
import { packageVersion } from '../../src/model/package-version.ts';

/** The folder `plugin/`: the same hooks as those of `install`, as Claude Code's plugins have them. */

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

export const pluginManifest = (): string =>
  json({
    name: 'ai-tracker',
    description:
      'Records which files Claude Code changed, by how many lines, in which task. Needs ai-tracker-otel to make rows of it.',
    version: packageVersion(),
    license: 'MIT',
  });

export const pluginHooks = (): string =>
  json({ description: 'Spools what a tool did; prints nothing, blocks nothing.', hooks: hooksBlock({ what: 'plugin' }, null) });

export const pluginScript = (): string => readFileSync(PACKAGED_SCRIPT, 'utf8');
