import type { ForwardSettings } from '../forward/forward-targets.ts';
import { settingOf } from '../model/setting-table.ts';

/** Every option of `ai-tracker serve` beside those of recording (model/settings.ts). */
export interface ServeSettings {
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
  readonly tokenFile: string | null;
  readonly allowHosts: readonly string[];
  readonly forwardEndpoint: string | null;
  readonly forwardHeaders: string | null;
  readonly forwardTracesEndpoint: string | null;
  readonly forwardTracesHeaders: string | null;
  readonly forwardLogsEndpoint: string | null;
  readonly forwardLogsHeaders: string | null;
  readonly forwardMetricsEndpoint: string | null;
  readonly forwardMetricsHeaders: string | null;
  readonly forwardMaxMb: number;
  readonly forwardHours: number;
  readonly bodyMaxMb: number;
  readonly unpackedMaxMb: number;
  readonly memoryMaxMb: number;
  readonly connectionsMax: number;
  readonly requestsMax: number;
}

export const SERVE_DEFAULTS: ServeSettings = {
  host: '127.0.0.1',
  port: 4318,
  token: null,
  tokenFile: null,
  allowHosts: [],
  forwardEndpoint: null,
  forwardHeaders: null,
  forwardTracesEndpoint: null,
  forwardTracesHeaders: null,
  forwardLogsEndpoint: null,
  forwardLogsHeaders: null,
  forwardMetricsEndpoint: null,
  forwardMetricsHeaders: null,
  forwardMaxMb: 512,
  forwardHours: 72,
  bodyMaxMb: 16,
  unpackedMaxMb: 64,
  memoryMaxMb: 256,
  connectionsMax: 4096,
  requestsMax: 1024,
};

const spec = settingOf<ServeSettings>();

export const SERVE_SETTINGS = [
  spec('host', 'AI_TRACKER_HOST', 'text', '127.0.0.1', 'Address to listen on; one that others reach needs a token.'),
  spec('port', 'AI_TRACKER_PORT', 'port', '4318', 'Port to listen on; 0 takes any that is free.'),
  spec('token', 'AI_TRACKER_TOKEN', 'text', 'none', 'What senders must show: `authorization: Bearer TOKEN`.'),
  spec('tokenFile', 'AI_TRACKER_TOKEN_FILE', 'text', 'none', 'File that holds the token.'),
  spec('allowHosts', 'AI_TRACKER_ALLOW_HOSTS', 'list', 'none', 'Further names by which a loopback address may be called.'),
  spec(
    'forwardEndpoint',
    'AI_TRACKER_FORWARD_ENDPOINT',
    'text',
    'none',
    'Where all that is received goes on to, unchanged; `/v1/traces`, `/v1/logs`, `/v1/metrics` are appended.',
  ),
  spec('forwardHeaders', 'AI_TRACKER_FORWARD_HEADERS', 'text', 'none', 'Headers of what is passed on, `k=v,…`, URL-encoded.'),
  spec('forwardTracesEndpoint', 'AI_TRACKER_FORWARD_TRACES_ENDPOINT', 'text', 'none', 'Of traces alone; used as it is.'),
  spec('forwardTracesHeaders', 'AI_TRACKER_FORWARD_TRACES_HEADERS', 'text', 'none', 'Further headers of traces.'),
  spec('forwardLogsEndpoint', 'AI_TRACKER_FORWARD_LOGS_ENDPOINT', 'text', 'none', 'Of logs alone; used as it is.'),
  spec('forwardLogsHeaders', 'AI_TRACKER_FORWARD_LOGS_HEADERS', 'text', 'none', 'Further headers of logs.'),
  spec('forwardMetricsEndpoint', 'AI_TRACKER_FORWARD_METRICS_ENDPOINT', 'text', 'none', 'Of metrics alone; used as it is.'),
  spec('forwardMetricsHeaders', 'AI_TRACKER_FORWARD_METRICS_HEADERS', 'text', 'none', 'Further headers of metrics.'),
  spec(
    'forwardMaxMb',
    'AI_TRACKER_FORWARD_MAX_MB',
    'number',
    '512',
    'Size of the queue on disk beyond which what is to be passed on is dropped and counted.',
  ),
  spec(
    'forwardHours',
    'AI_TRACKER_FORWARD_HOURS',
    'number',
    '72',
    'Age at which what is to be passed on is dropped and counted.',
  ),
  spec('bodyMaxMb', 'AI_TRACKER_BODY_MAX_MB', 'number', '16', 'Largest body of a request as it comes.'),
  spec('unpackedMaxMb', 'AI_TRACKER_UNPACKED_MAX_MB', 'number', '64', 'Largest body of a request unpacked.'),
  spec(
    'memoryMaxMb',
    'AI_TRACKER_MEMORY_MAX_MB',
    'number',
    '256',
    'Bodies in memory; beyond it senders are asked to come again.',
  ),
  spec('connectionsMax', 'AI_TRACKER_CONNECTIONS_MAX', 'integer', '4096', 'Connections at once.'),
  spec(
    'requestsMax',
    'AI_TRACKER_REQUESTS_MAX',
    'integer',
    '1024',
    'Requests that wait to be written; beyond it senders are asked to come again.',
  ),
] as const;

export const forwardSettingsOf = (settings: ServeSettings): ForwardSettings => ({
  endpoint: settings.forwardEndpoint,
  headers: settings.forwardHeaders,
  traces: { endpoint: settings.forwardTracesEndpoint, headers: settings.forwardTracesHeaders },
  logs: { endpoint: settings.forwardLogsEndpoint, headers: settings.forwardLogsHeaders },
  metrics: { endpoint: settings.forwardMetricsEndpoint, headers: settings.forwardMetricsHeaders },
});

const OF_EVERY_REQUEST = ['bodyMaxMb', 'unpackedMaxMb', 'memoryMaxMb', 'connectionsMax', 'requestsMax'] as const;
const OF_FORWARDING = ['forwardMaxMb', 'forwardHours'] as const;

/** Bounds within which a receiver would start and then take nothing, or ask for a body again for ever. In words, each. */
export function boundsThatRefuseAll(settings: ServeSettings): string[] {
  const nameOf = (option: keyof ServeSettings): string =>
    SERVE_SETTINGS.find((entry) => entry.option === option)?.env[0] ?? option;
  const zero = (options: readonly (keyof ServeSettings)[], what: string): string[] =>
    options
      .filter((option) => settings[option] === 0)
      .map((option) => `${nameOf(option)} is 0, so that no request could be ${what}; raise it`);
  const wrong = [...zero(OF_EVERY_REQUEST, 'taken'), ...zero(OF_FORWARDING, 'passed on')];
  if (wrong.length > 0) return wrong;
  const least = settings.bodyMaxMb + settings.unpackedMaxMb;
  if (settings.memoryMaxMb >= least) return [];
  return [
    `${nameOf('memoryMaxMb')} is ${settings.memoryMaxMb}, less than one body may take, packed and unpacked; make it ${least} or more`,
  ];
}
