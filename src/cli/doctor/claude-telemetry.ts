import { namesAgent } from '../../hook/install/agent-env.ts';
import { claudeVersion } from '../../hook/install/claude-version.ts';
import { allHandlers } from '../../hook/install/hook-changes.ts';
import { isOurs } from '../../hook/install/hook-entries.ts';
import { askReceiver } from './ask-receiver.ts';
import { claudeEnv, claudeSettings } from './claude-settings.ts';
import { type Finding, finding, fine } from './findings.ts';
import type { Check } from './sight.ts';

const isOn = (text: string | undefined): boolean => /^(1|true|yes|on)$/i.test(text ?? '');

/** Whether Claude Code sends spans and log records, and to us. */
export const claudeTelemetry: Check = {
  about: 'telemetry',
  async run(sight) {
    const { files } = claudeSettings(sight);
    const env = claudeEnv(sight.env, files);
    const isHooked = files.some(({ value }) => allHandlers(value).some(({ handler }) => isOurs(handler)));
    if (!isOn(env['CLAUDE_CODE_ENABLE_TELEMETRY'])) {
      if (!isHooked && claudeVersion(sight.env, sight.home) === null) return [];
      return [finding('telemetry-off', 'Claude Code’s telemetry is off: its models, tokens and costs are not recorded')];
    }
    const found: Finding[] = [];
    const logs = isOtlp(env['OTEL_LOGS_EXPORTER']);
    const traces =
      isOtlp(env['OTEL_TRACES_EXPORTER']) &&
      (isOn(env['CLAUDE_CODE_ENHANCED_TELEMETRY_BETA']) || isOn(env['ENABLE_ENHANCED_TELEMETRY_BETA']));
    if (!traces && !logs) {
      return [
        finding(
          'telemetry-off',
          'Claude Code’s telemetry exports neither spans nor logs by OTLP (OTEL_TRACES_EXPORTER, OTEL_LOGS_EXPORTER)',
        ),
      ];
    }
    if (!traces) {
      found.push(
        finding(
          'traces-off',
          'Claude Code sends no spans: OTEL_TRACES_EXPORTER=otlp and CLAUDE_CODE_ENHANCED_TELEMETRY_BETA=1 are not both set',
        ),
      );
    }
    if (/^(0|false|no|off)$/i.test(env['OTEL_METRICS_INCLUDE_SESSION_ID'] ?? ''))
      found.push(finding('no-session-id', 'OTEL_METRICS_INCLUDE_SESSION_ID is off: spans do not say whose session they are'));
    if (!namesAgent(env['OTEL_RESOURCE_ATTRIBUTES'])) {
      found.push(
        finding(
          'telemetry-no-agent',
          'Claude Code’s telemetry names no agent: agent.id is not in OTEL_RESOURCE_ATTRIBUTES, so its rows wait and end in `unassigned`',
          ...(sight.env['AGENT_ID'] ? ['export OTEL_RESOURCE_ATTRIBUTES=agent.id=$AGENT_ID'] : []),
        ),
      );
    }
    const signal = traces ? 'TRACES' : 'LOGS';
    const protocol = env[`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`] || env['OTEL_EXPORTER_OTLP_PROTOCOL'] || '';
    if (!protocol.startsWith('http/')) {
      const said = protocol === '' ? 'is not set, and Claude Code has no default' : `is ${protocol}`;
      return [
        ...found,
        finding('telemetry-protocol', `OTEL_EXPORTER_OTLP_PROTOCOL ${said}: nothing is sent that \`serve\` understands`),
      ];
    }
    return [...found, ...(await ofEndpoint(env, signal))];
  },
};

const isOtlp = (text: string | undefined): boolean => (text ?? '').split(',').some((name) => name.trim() === 'otlp');

async function ofEndpoint(env: Readonly<Record<string, string | undefined>>, signal: 'TRACES' | 'LOGS'): Promise<Finding[]> {
  const named = env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]?.replace(/\/v1\/\w+\/?$/, '');
  const endpoint = (named || env['OTEL_EXPORTER_OTLP_ENDPOINT'] || 'http://localhost:4318').replace(/\/+$/, '');
  const answer = URL.canParse(endpoint) ? await askReceiver(endpoint) : ({ what: 'nobody', why: 'it is no URL' } as const);
  switch (answer.what) {
    case 'serve':
      return [
        fine(`Claude Code’s ${signal === 'TRACES' ? 'spans and logs go' : 'logs go'} to \`ai-tracker serve\` at ${endpoint}`),
      ];
    case 'other':
      return [
        finding(
          'telemetry-elsewhere',
          `Claude Code’s telemetry goes to ${endpoint}: ${answer.said}`,
          `ai-tracker serve --port 4319 --forward ${endpoint}`,
        ),
      ];
    case 'nobody':
      return [finding('telemetry-down', `Claude Code’s telemetry goes to ${endpoint}, and nothing answers there: ${answer.why}`)];
  }
}
