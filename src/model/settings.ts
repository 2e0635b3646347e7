import { boundedText } from './bounded-text.ts';
import { type Resolved, resolveTable, settingOf } from './setting-table.ts';

/**
 * Every option of the package with its environment variable, in one table: README's table, `--help` and the resolver
 * below all read it, so none of them can fall behind.
 */

export interface Settings {
  readonly agentId: string | null;
  readonly agentAttributes: readonly string[] | null;
  readonly dbPath: string | null;
  readonly sharedDir: string | null;
  readonly writerId: string | null;
  readonly fileMode: number | null;
  readonly journal: string | null;
  readonly synchronous: string | null;
  readonly labelKeys: readonly string[];
  readonly labels: readonly (readonly [key: string, value: string])[];
  readonly kinds: readonly string[];
  readonly serverTasks: boolean;
  readonly retentionDays: number | null;
  readonly maxMb: number;
  readonly memoryDays: number;
  readonly holdHours: number;
  readonly senderTimeoutMinutes: number;
  readonly flushMs: number;
  readonly batchSize: number;
  readonly queueMax: number;
  readonly spoolDir: string | null;
  readonly spoolMaxMb: number;
  readonly spoolHours: number;
  readonly snapshots: string;
  readonly disabled: boolean;
}

/** Options as users write them: any subset of the settings. */
export type RecorderOptions = { readonly [K in keyof Settings]?: Settings[K] | undefined };

const DEFAULTS = {
  agentId: null,
  agentAttributes: null,
  dbPath: null,
  sharedDir: null,
  writerId: null,
  fileMode: null,
  journal: null,
  synchronous: null,
  labelKeys: [],
  labels: [],
  kinds: [],
  serverTasks: false,
  retentionDays: null,
  maxMb: 1024,
  memoryDays: 7,
  holdHours: 24,
  senderTimeoutMinutes: 30,
  flushMs: 200,
  batchSize: 512,
  queueMax: 65_536,
  spoolDir: null,
  spoolMaxMb: 512,
  spoolHours: 168,
  snapshots: 'bash',
  disabled: false,
} as const satisfies Settings;

const spec = settingOf<Settings>();

export const SETTINGS = [
  spec('agentId', ['AGENT_ID', 'AGENT_SWARM_AGENT_ID'], 'text', 'found in the spans', 'Whose rows these are; names the file.'),
  spec(
    'agentAttributes',
    'AI_TRACKER_AGENT_ATTRIBUTES',
    'list',
    'agent.id, gen_ai.main_agent.id, …',
    'Attributes that name the agent, in order; replaces the built-in list.',
  ),
  spec('dbPath', 'AI_TRACKER_DB_PATH', 'text', 'one file per agent', 'The file itself; may contain `{agent_id}`.'),
  spec(
    'sharedDir',
    'AI_TRACKER_SHARED_DIR',
    'text',
    '/workspace/shared/tracking or ~/.config/ai-tracker/agents',
    'Folder of the agents’ files.',
  ),
  spec('writerId', 'AI_TRACKER_WRITER_ID', 'text', 'host name', 'This host’s own file name on a network file system.'),
  spec('fileMode', 'AI_TRACKER_FILE_MODE', 'octal', '0600', 'Mode of files that we make.'),
  spec('journal', 'AI_TRACKER_JOURNAL', 'choice', 'by file system', '`wal`, `truncate` or `delete`.', [
    'wal',
    'truncate',
    'delete',
  ]),
  spec(
    'synchronous',
    'AI_TRACKER_SYNCHRONOUS',
    'choice',
    'normal with WAL, else full',
    '`normal` or `full`; `full` survives a power cut.',
    ['normal', 'full'],
  ),
  spec('labelKeys', 'AI_TRACKER_LABEL_KEYS', 'list', 'none', 'Span or resource attributes that become `task_labels`.'),
  spec('labels', 'AI_TRACKER_LABELS', 'pairs', 'none', 'Fixed labels of every task, `k=v,…`.'),
  spec('kinds', 'AI_TRACKER_KINDS', 'list', 'none', 'Further kinds of call to record: `rpc`, `db`.'),
  spec('serverTasks', 'AI_TRACKER_SERVER_TASKS', 'flag', 'off', 'Record HTTP server spans as tasks.'),
  spec('retentionDays', 'AI_TRACKER_RETENTION_DAYS', 'number', 'keep all', 'Delete rows older than this.'),
  spec('maxMb', 'AI_TRACKER_MAX_MB', 'number', '1024', 'Above this size of a file health is amber.'),
  spec('memoryDays', 'AI_TRACKER_MEMORY_DAYS', 'number', '7', 'How long ownership remembers spans that are not rows.'),
  spec(
    'holdHours',
    'AI_TRACKER_HOLD_HOURS',
    'number',
    '24',
    'How long rows wait for their agent before they go to `unassigned`.',
  ),
  spec(
    'senderTimeoutMinutes',
    'AI_TRACKER_SENDER_TIMEOUT_MINUTES',
    'number',
    '30',
    'Silence after which an OTLP sender counts as gone.',
  ),
  spec('flushMs', 'AI_TRACKER_FLUSH_MS', 'integer', '200', 'Longest time a span waits before it is handed to the writer, ms.'),
  spec('batchSize', 'AI_TRACKER_BATCH_SIZE', 'integer', '512', 'Spans handed over at once.'),
  spec('queueMax', 'AI_TRACKER_QUEUE_MAX', 'integer', '65536', 'Spans held in memory; beyond it they go to the spool.'),
  spec(
    'spoolDir',
    'AI_TRACKER_SPOOL_DIR',
    'text',
    '.spool beside the database',
    'Where records wait that could not be written yet.',
  ),
  spec(
    'spoolMaxMb',
    'AI_TRACKER_SPOOL_MAX_MB',
    'number',
    '512',
    'Size of the spool beyond which new records are refused and counted.',
  ),
  spec('spoolHours', 'AI_TRACKER_SPOOL_HOURS', 'number', '168', 'Age at which a spooled record is given up, with a counter.'),
  spec(
    'snapshots',
    'AI_TRACKER_SNAPSHOTS',
    'choice',
    'bash',
    'Before and after which tool calls hooks keep the state of the work tree: `bash` (commands and notebooks), `all` (MCP tools too) or `off`.',
    ['bash', 'all', 'off'],
  ),
  spec('disabled', 'AI_TRACKER_DISABLED', 'flag', 'off', 'Record nothing; exports succeed and do nothing.'),
] as const;

/** Option first, then environment, then default. A host app must not fall over a typing mistake of ours: a default holds. */
export function resolveSettings(options: RecorderOptions, env: NodeJS.ProcessEnv): Resolved<Settings> {
  const { settings, problems } = resolveTable<Settings>(SETTINGS, DEFAULTS, options, env);
  const { agentId } = settings;
  // As the attribute that names the same agent in what it sends.
  return { settings: agentId === null ? settings : { ...settings, agentId: boundedText(agentId) }, problems };
}
