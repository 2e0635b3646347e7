import { packageVersion } from '../../model/package-version.ts';
import { resolveTable } from '../../model/setting-table.ts';
import { resolveSettings } from '../../model/settings.ts';
import { dropsSpans } from '../../otel/sampler-finding.ts';
import { SERVE_DEFAULTS, SERVE_SETTINGS, type ServeSettings } from '../../receiver/serve-settings.ts';
import { type Finding, finding, fine } from './findings.ts';
import type { Check } from './sight.ts';

/** The samplers of OpenTelemetry's environment by what the SDK makes of them. */
const SAMPLERS: Readonly<Record<string, (ratio: string) => string>> = {
  always_off: () => 'AlwaysOffSampler',
  traceidratio: (ratio) => `TraceIdRatioBased{${ratio}}`,
  parentbased_always_off: () => 'AlwaysOffSampler',
  parentbased_traceidratio: (ratio) => `TraceIdRatioBased{${ratio}}`,
};

/** This command itself, and what its environment says. That the native module loads is known by the time it runs. */
export const program: Check = {
  about: 'program',
  run({ env, settings }) {
    const { problems } = resolveSettings({}, env);
    const ofServe = resolveTable<ServeSettings>(SERVE_SETTINGS, SERVE_DEFAULTS, {}, env).problems;
    const found: Finding[] = [
      fine(`ai-tracker-otel ${packageVersion()} on Node ${process.versions.node}, ${process.platform}-${process.arch}`),
      ...[...problems, ...ofServe].map((problem) =>
        finding('setting-unreadable', `${problem}; its default holds`, setting(problem)),
      ),
    ];
    if (settings.disabled)
      found.push(finding('disabled', 'AI_TRACKER_DISABLED is set here: what has this environment records nothing'));
    const sampler = env['OTEL_TRACES_SAMPLER'] ?? '';
    const made = SAMPLERS[sampler]?.(env['OTEL_TRACES_SAMPLER_ARG'] || '1');
    if (made !== undefined && dropsSpans(made)) {
      found.push(
        finding(
          'sampled',
          `OTEL_TRACES_SAMPLER=${sampler} drops spans: without \`register\` or recordAll(sampler), counts and costs are incomplete`,
        ),
      );
    }
    return found;
  },
};

/** The problem begins with the variable. */
const setting = (problem: string): string => `unset ${/^\w+/.exec(problem)?.[0] ?? ''}`;
