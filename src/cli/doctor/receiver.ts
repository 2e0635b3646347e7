import { packageVersion } from '../../model/package-version.ts';
import { endpointOf } from '../claude-install.ts';
import { CommandError } from '../exit-code.ts';
import { askReceiver, whyRefused } from './ask-receiver.ts';
import { type Finding, finding, fine } from './findings.ts';
import type { Check } from './sight.ts';

/** `ai-tracker serve`, where this environment would look for it. */
export const receiver: Check = {
  about: 'receiver',
  async run({ env }) {
    const isNamed = Boolean(env['AI_TRACKER_ENDPOINT']);
    let endpoint: string;
    try {
      endpoint = isNamed ? endpointOf(env) : `http://127.0.0.1:${portOf(env)}`;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return [finding('setting-unreadable', error.message, 'export AI_TRACKER_ENDPOINT=http://127.0.0.1:4318')];
    }
    const answer = await askReceiver(endpoint);
    switch (answer.what) {
      case 'nobody':
        if (isNamed)
          return [finding('receiver-down', `AI_TRACKER_ENDPOINT is ${endpoint}, and nothing answers there: ${answer.why}`)];
        return [fine(`none runs at ${endpoint}; only other processes’ telemetry needs one`)];
      case 'other':
        return [finding('receiver-strange', `${endpoint} is no \`ai-tracker serve\`: ${answer.said}`)];
      case 'serve':
        return [...answer.findings.map(told), ...(await ofToken(endpoint, env)), ...ofVersion(answer.version, endpoint)];
    }
  },
};

const told = ({ level, message }: { level: 'amber' | 'red'; message: string }): Finding =>
  finding(level === 'red' ? 'receiver-red' : 'receiver-amber', message);

async function ofToken(endpoint: string, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const why = await whyRefused(endpoint, env['AI_TRACKER_TOKEN'] || null);
  return why === null ? [] : [finding('receiver-refuses', `the receiver at ${endpoint} refuses what is sent from here: ${why}`)];
}

function ofVersion(version: string, endpoint: string): Finding[] {
  if (version === packageVersion()) return [fine(`\`ai-tracker serve\` ${version} answers at ${endpoint}`)];
  return [finding('receiver-version', `the receiver at ${endpoint} is version ${version}, this command ${packageVersion()}`)];
}

const portOf = (env: NodeJS.ProcessEnv): string =>
  /^\d{1,5}$/.test(env['AI_TRACKER_PORT'] ?? '') ? (env['AI_TRACKER_PORT'] as string) : '4318';
