export type Level = 'green' | 'amber' | 'red';

export interface FindingSpec {
  /** red: something is lost or not recorded that was asked for; amber: it may be, or is recorded only in part. */
  readonly level: Exclude<Level, 'green'>;
  /** What it means, for docs/doctor.md. */
  readonly means: string;
  /** What mends it, as far as it does not depend on paths. */
  readonly mend: string;
}

const amber = (means: string, mend: string): FindingSpec => ({ level: 'amber', means, mend });
const red = (means: string, mend: string): FindingSpec => ({ level: 'red', means, mend });

/** Every finding that is not green, by its stable code; docs/doctor.md is made of this, and a test breaks each of them. */
export const FINDINGS = {
  'setting-unreadable': amber('A variable cannot be read; its default holds.', 'set it as the message says'),
  disabled: amber('`AI_TRACKER_DISABLED` is set where doctor runs: nothing is recorded there.', 'unset AI_TRACKER_DISABLED'),
  sampled: amber(
    '`OTEL_TRACES_SAMPLER` drops spans before they get here. `register` sees them all the same; a provider of your own needs `recordAll(sampler)`.',
    'unset OTEL_TRACES_SAMPLER',
  ),

  'claude-settings-unusable': red(
    'A settings file of Claude Code is no plain JSON, or cannot be read: Claude Code ignores it, with the hooks in it.',
    'mend the file',
  ),
  'hooks-disabled': red('`disableAllHooks` is set in Claude Code’s settings.', 'take it out of the file'),
  'managed-hooks-only': red(
    'Managed settings allow only their own hooks, and ours are not among them.',
    'ai-tracker install --print',
  ),
  'hooks-not-installed': amber('Claude Code is here and its edits are not recorded.', 'ai-tracker install'),
  'hooks-outdated': amber(
    'The entries in the settings are those of another version, or some of them are gone.',
    'ai-tracker install',
  ),
  'hooks-twice': amber(
    'Several scopes have the hooks: each event is taken twice, which costs time and adds nothing.',
    'ai-tracker uninstall --scope local',
  ),
  'script-missing': red(
    'The settings name a script that is not there, or that may not be read: the hooks do nothing.',
    'ai-tracker install',
  ),
  'script-outdated': amber('The script is that of another version of the package.', 'ai-tracker install'),
  'hook-command-missing': red(
    'The project’s hooks run `ai-tracker-hook`, which is not on PATH: they do nothing here.',
    'npm install -g ai-tracker-otel',
  ),
  'no-drain': amber(
    'Nothing brings spooled events into the database at the end of a turn: rows appear when a command reads.',
    'npm install -g ai-tracker-otel && ai-tracker install',
  ),
  'old-hooks': amber('cc-ai-tracker’s hooks are still installed; both tools count every edit.', 'ai-tracker install'),
  'claude-too-old': amber(
    'This Claude Code knows fewer events than newer ones: failed or denied calls may look unfinished.',
    'npm install -g @anthropic-ai/claude-code@latest',
  ),
  'no-git': amber('git is not on PATH: what Bash commands change is not seen, and repositories have no name.', 'install git'),
  'outside-git': amber(
    'This folder is in no work tree of git: what Bash commands change here is not seen. Edit, Write and NotebookEdit are.',
    'git init',
  ),

  'git-hooks-not-installed': amber(
    'Commits of the repository around this folder are not recorded by git’s hooks.',
    'ai-tracker install --git',
  ),
  'git-hooks-overridden': red(
    'git looks for hooks in another folder than when ours were installed (`core.hooksPath`; husky sets it).',
    'ai-tracker install --git',
  ),
  'git-hooks-changed': red(
    'Hooks of ours were taken away or changed since they were installed (`lefthook install`, `pre-commit install -f`), or are those of another version.',
    'ai-tracker install --git',
  ),
  'git-hooks-unusable': amber('The repository’s hooks are switched off or cannot be read.', 'see to core.hooksPath'),
  'git-script-missing': red('Hooks of git run a script that is not there: commits are not recorded.', 'ai-tracker install --git'),
  'git-script-outdated': amber(
    'The script of git’s hooks is that of another version of the package.',
    'ai-tracker install --git',
  ),
  'memory-unusable': red(
    'The repository’s memory of authorship (`.git/ai-tracker/authorship.db`) is damaged, is none of ours, or cannot be read: whose lines a commit has is not found out.',
    'move it away; a new one is made',
  ),
  'memory-set-aside': amber(
    'The repository’s memory of authorship was damaged; it was set aside and a new one has begun. What agents had written and not committed by then is taken for a person’s.',
    'ai-tracker reindex, then remove what was set aside',
  ),
  'memory-read-only': red(
    'The repository’s memory of authorship cannot be written by this user: whose lines commits have waits in the spool until it can.',
    'see to owner and mode',
  ),
  'git-refused': red(
    'Hooks of git could not spool what they had to tell, and said so: the spool was full or could not be written. What the commits are is found out later, as inferred.',
    'remove the counter once you know why',
  ),

  'snapshots-off': amber(
    '`AI_TRACKER_SNAPSHOTS=off` is set: what Bash commands change is not seen.',
    'unset AI_TRACKER_SNAPSHOTS',
  ),

  'telemetry-off': amber(
    'Claude Code sends no telemetry: models, tokens, costs and tools that change no file are not recorded.',
    'ai-tracker install --telemetry',
  ),
  'traces-off': amber(
    'Claude Code sends logs but no spans: calls have no duration tree, and sub-agents no parent.',
    'ai-tracker install --telemetry',
  ),
  'telemetry-protocol': red(
    'Claude Code’s OTLP protocol is gRPC or not set, which `serve` does not get.',
    'set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
  ),
  'telemetry-elsewhere': amber(
    'Claude Code’s telemetry goes to something that is no `ai-tracker serve`.',
    'ai-tracker serve --forward URL',
  ),
  'telemetry-down': red('Nothing answers where Claude Code’s telemetry goes: it is lost.', 'ai-tracker serve'),
  'telemetry-no-agent': amber(
    'Claude Code’s telemetry names no agent: its rows wait for one, end in `unassigned`, and costs are not beside the edits (unless `serve --agent` names it).',
    'ai-tracker install --telemetry --agent NAME',
  ),
  'no-session-id': amber(
    '`OTEL_METRICS_INCLUDE_SESSION_ID=false` takes the session off spans: edits and calls cannot be tied by it.',
    'unset OTEL_METRICS_INCLUDE_SESSION_ID',
  ),

  'spool-old': amber(
    'Records wait in the spool for more than 10 minutes: their file could not be written, or nobody drained.',
    'ai-tracker agents',
  ),
  'spool-full': red('The spool holds as much as it may: further records are refused.', 'ai-tracker agents'),
  'spool-refused': red(
    'Hook events were refused since the file was made: the spool was full or could not be written.',
    'remove the counter once you know why',
  ),
  'spool-expired': red(
    'Records were given up since they had waited longer than `AI_TRACKER_SPOOL_HOURS`: their file could not be written all that time, or nobody drained.',
    'remove the counter once you know why',
  ),
  'spool-unreadable': amber(
    'Hooks were started with something on stdin that was no event.',
    'remove the counter once you know why',
  ),
  'hooks-ignored': amber(
    'Hook events were JSON, but lack what a row is made of (session, call), or are of a kind that this version does not know.',
    'remove the counters once you know why',
  ),
  'states-missed': amber(
    'Hooks could not keep the state of a work tree before or after a command: it took more than 2 s, or git failed. What those commands changed is not seen.',
    'remove the counters once you know why',
  ),
  'filter-broken': amber(
    'A filter that `.gitattributes` ask for is required and cannot run (git-lfs that is not installed): the state that met it was lost, later ones are kept without it.',
    'install the filter’s program',
  ),
  'spool-set-aside': amber('Records that nobody can read were set aside.', 'look at them, then remove them'),
  'spool-unwritable': red(
    'No folder of the spool can be written: what cannot be written at once is lost, and so is every hook event.',
    'see to owner and mode',
  ),
  'spool-second-choice': amber(
    'The folder of the spool cannot be written; records go to the one in your home.',
    'see to owner and mode',
  ),

  'folder-unreadable': red('The agents’ folder cannot be read.', 'see to owner and mode'),
  'fallback-folder': red(
    'The wanted folder cannot be written: rows go to your home, where readers of the folder do not see them.',
    'see to owner and mode',
  ),
  'file-unusable': red(
    'A file is damaged, is none of ours, or is of a version that this one cannot read.',
    'sqlite3 FILE .recover',
  ),
  'disk-full': red(
    'The disk of the data or of the spool has less than 1 MB, or no inode, left: nothing more can be recorded there.',
    'make room: df -h',
  ),
  'rows-without-agent': amber(
    '`AI_TRACKER_SHARED_DIR` is set, and processes without `AGENT_ID` recorded below the home: readers of the folder do not see those rows.',
    'set AGENT_ID for what is recorded from now on',
  ),
  'file-read-only': amber('A file may be read but not written by this user.', 'see to owner and mode'),
  'file-too-large': amber('A file is larger than `AI_TRACKER_MAX_MB`.', 'export AI_TRACKER_RETENTION_DAYS=90'),
  'wal-on-network': red(
    'A file on a network disk is in WAL mode, which is only safe for one host.',
    'stop its writers, then sqlite3 FILE "PRAGMA journal_mode=TRUNCATE"',
  ),
  'old-tracker': amber('A database of cc-ai-tracker lies there, and nothing was taken over from it.', 'ai-tracker import'),
  'rows-waiting': amber(
    'Spans wait for more than an hour because nothing names their agent.',
    'export OTEL_RESOURCE_ATTRIBUTES=agent.id=NAME in their sender',
  ),

  'receiver-down': red('`AI_TRACKER_ENDPOINT`, or the hooks, name a receiver, and it does not answer.', 'ai-tracker serve'),
  'receiver-strange': amber(
    'Something answers where `serve` would be, and it is not `serve`.',
    'export AI_TRACKER_ENDPOINT=http://HOST:PORT',
  ),
  'receiver-refuses': red(
    'The receiver does not take what this environment sends: its token is missing here, or another.',
    'export AI_TRACKER_TOKEN=…',
  ),
  'receiver-version': amber('The receiver is of another version than this command.', 'start it anew'),
  'receiver-amber': amber('The receiver says that something is amiss.', 'as it says'),
  'receiver-red': red('The receiver says that something is lost or cannot be written.', 'as it says'),
} as const satisfies Readonly<Record<string, FindingSpec>>;

export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  readonly level: Level;
  /** `ok` where it is green. */
  readonly code: FindingCode | 'ok';
  readonly message: string;
  /** What mends it: a command, as exactly as it can be told. */
  readonly command: string | null;
}

export const fine = (message: string): Finding => ({ level: 'green', code: 'ok', message, command: null });

export const finding = (code: FindingCode, message: string, command: string = FINDINGS[code].mend): Finding => ({
  level: FINDINGS[code].level,
  code,
  message,
  command,
});

/** As a shell takes it for one word. */
export const word = (text: string): string => (/^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
