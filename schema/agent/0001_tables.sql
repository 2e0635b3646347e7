-- Schema version 1. Readable by SQLite 3.40 and newer.
--
-- How to read every table below:
--
-- - Times are UTC, ISO 8601 text with milliseconds: 2026-01-15T10:00:00.123Z. They sort as text.
-- - NULL means unknown, never zero and never "no". Booleans are 0, 1 or NULL.
-- - change_seq is this file's counter at the row's last change, taken in the same transaction: "rows with a change_seq
--   above N" are exactly what changed since a reader saw N. An upsert that changes nothing takes no number.
-- - Keys are text made of what the emitter said, so that the same fact always meets the same row.
-- - The tables carry no foreign keys and no CHECK lists: pieces arrive in any order, and a list that a later version
--   must widen cannot be altered in SQLite without rewriting the table.

-- One run of one process, or of one sender of OTLP.
CREATE TABLE agent_sessions (
  id                 TEXT    NOT NULL PRIMARY KEY,  -- random for a process; for an OTLP sender a hash of agent, service and instance
  agent_id           TEXT,                          -- agent whose process this is
  started_at         TEXT    NOT NULL,              -- start of the recording, or the first receipt from a sender
  ended_at           TEXT,                          -- orderly end; NULL while running, and for ever after a crash
  heartbeat_at       TEXT    NOT NULL,              -- last sign of life; changes without taking a change_seq
  host               TEXT,                          -- host name
  pid                INTEGER,                       -- process id, within pid_namespace
  boot_id            TEXT,                          -- the kernel's id of this boot; a pid says nothing about another boot
  pid_namespace      TEXT,                          -- pid namespace (pid:[4026531836]); a pid says nothing in another one
  process_started_at TEXT,                          -- start of the process in the kernel's own count (clock ticks since boot)
  service_name       TEXT,                          -- resource service.name
  service_version    TEXT,                          -- resource service.version
  instance_id        TEXT,                          -- resource service.instance.id
  task_count         INTEGER NOT NULL DEFAULT 0,    -- tasks that this session recorded
  tool_calls         INTEGER NOT NULL DEFAULT 0,    -- tool calls that this session recorded
  change_seq         INTEGER NOT NULL               -- this file's counter at the row's last change
) STRICT;
CREATE INDEX agent_sessions_change ON agent_sessions (change_seq);

-- One attempt of one task.
CREATE TABLE task_executions (
  id                       TEXT    NOT NULL PRIMARY KEY,  -- <source>:<task_id>:<attempt>, or <trace_id>:<span_id> where the emitter has no task id
  session_id               TEXT,                          -- agent_sessions.id of the process that ran it
  agent_id                 TEXT,                          -- agent that ran it
  task_id                  TEXT,                          -- the emitter's id; for Hatchet the step_run_id
  task_type                TEXT,                          -- what kind of work: action, workflow, job or agent name
  attempt                  INTEGER NOT NULL DEFAULT 0,    -- counted from 0
  source                   TEXT    NOT NULL,              -- dialect that reported it: hatchet, agent-swarm, genai, …
  start_source             TEXT    NOT NULL,              -- what first told of it: span, child, log or hook
  parent_task_execution_id TEXT,                          -- task_executions.id of the task that started this one
  parent_task_id           TEXT,                          -- the parent as the emitter named it, also where that one never arrives
  workflow_run_id          TEXT,                          -- run that the task belongs to
  conversation_id          TEXT,                          -- conversation or coding session that it served
  started_at               TEXT    NOT NULL,              -- earliest start that was reported
  completed_at             TEXT,                          -- latest end that was reported; NULL while running
  status                   TEXT    NOT NULL,              -- running, completed, failed, cancelled or lost (its process died)
  duration_ms              REAL,                          -- start to end, milliseconds
  error_type               TEXT,                          -- class or code of the failure
  error_message            TEXT,                          -- one capped line, secrets scrubbed
  trace_id                 TEXT,                          -- trace of the task's own span
  span_id                  TEXT,                          -- the task's own span
  parent_span_id           TEXT,                          -- parent of that span
  change_seq               INTEGER NOT NULL               -- this file's counter at the row's last change
) STRICT;
CREATE INDEX task_executions_trace ON task_executions (trace_id);
CREATE INDEX task_executions_parent ON task_executions (parent_task_id) WHERE parent_task_id IS NOT NULL;
CREATE INDEX task_executions_workflow ON task_executions (workflow_run_id) WHERE workflow_run_id IS NOT NULL;
CREATE INDEX task_executions_running ON task_executions (session_id) WHERE status = 'running';
CREATE INDEX task_executions_lost ON task_executions (session_id) WHERE status = 'lost';
CREATE INDEX task_executions_change ON task_executions (change_seq);
CREATE INDEX task_executions_start ON task_executions (started_at);

-- What people group tasks by: tenant, ticket, pull request. A label goes with its task and has no tombstone of its own.
CREATE TABLE task_labels (
  task_execution_id TEXT    NOT NULL,  -- task_executions.id
  key               TEXT    NOT NULL,  -- attribute or label name from the allow-list
  value             TEXT    NOT NULL,  -- its value as text
  source            TEXT    NOT NULL,  -- where it was read: span, resource or setting
  change_seq        INTEGER NOT NULL,  -- this file's counter at the row's last change
  PRIMARY KEY (task_execution_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_labels_change ON task_labels (change_seq);

-- One call of a tool, a model, a service or a sub-agent.
CREATE TABLE tool_calls (
  id                  TEXT    NOT NULL PRIMARY KEY,  -- <trace_id>:<span_id>, or the call id within its trace or conversation
  task_execution_id   TEXT,                          -- owner: task_executions.id of the nearest task around the call
  owner_match         TEXT,                          -- how the owner was found: ancestor, attribute, call, session or trace; NULL: none
  parent_tool_call_id TEXT,                          -- tool_calls.id of the call that made this one
  session_id          TEXT,                          -- agent_sessions.id
  agent_id            TEXT,                          -- agent that called
  sub_agent           TEXT,                          -- sub-agent within that agent
  conversation_id     TEXT,                          -- conversation or coding session
  kind                TEXT    NOT NULL,              -- tool, mcp, llm, http, agent, rpc or db
  tool_name           TEXT,                          -- tool, model operation, or METHOD host/path with ids and secrets masked
  call_id             TEXT,                          -- the model's id of the call; unique only within a trace or a conversation
  called_at           TEXT    NOT NULL,              -- start
  duration_ms         REAL,                          -- milliseconds; NULL while open
  duration_quality    TEXT,                          -- millisecond or implicit (guessed from its neighbours); NULL: the span's own two clocks
  model               TEXT,                          -- model that answered, else the one that was asked
  provider            TEXT,                          -- provider of the model
  input_tokens        INTEGER,                       -- tokens in, cached ones included
  output_tokens       INTEGER,                       -- tokens out, reasoning included
  cache_read_tokens   INTEGER,                       -- part of input_tokens that was read from a cache
  cache_write_tokens  INTEGER,                       -- part of input_tokens that was written to a cache
  reasoning_tokens    INTEGER,                       -- part of output_tokens that was reasoning
  cost_usd            REAL,                          -- US dollars
  cost_source         TEXT,                          -- emitter (its own figure) or estimated (from a price list); NULL: no cost known
  price_version       TEXT,                          -- version of the price list behind an estimate
  success             INTEGER,                       -- 1 worked, 0 failed, NULL unknown or still open
  error_type          TEXT,                          -- class or code of the failure
  error_message       TEXT,                          -- one capped line, secrets scrubbed
  status_code         INTEGER,                       -- HTTP or RPC status
  retry_count         INTEGER,                       -- sends beyond the first
  request_id          TEXT,                          -- the provider's id of the request
  trace_id            TEXT,                          -- trace of the call's span
  span_id             TEXT,                          -- the call's span
  parent_span_id      TEXT,                          -- parent of that span
  source              TEXT    NOT NULL,              -- dialect that reported it
  change_seq          INTEGER NOT NULL               -- this file's counter at the row's last change
) STRICT;
CREATE INDEX tool_calls_task ON tool_calls (task_execution_id);
CREATE INDEX tool_calls_call ON tool_calls (call_id) WHERE call_id IS NOT NULL;
CREATE INDEX tool_calls_conversation ON tool_calls (conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX tool_calls_change ON tool_calls (change_seq);
CREATE INDEX tool_calls_time ON tool_calls (called_at);
CREATE INDEX tool_calls_unsettled ON tool_calls (trace_id) WHERE owner_match IS NULL OR owner_match IN ('call', 'session', 'trace');

-- One file changed by one tool call.
CREATE TABLE file_modifications (
  id                TEXT    NOT NULL PRIMARY KEY,  -- <tool call>:<path>
  task_execution_id TEXT,                          -- owner: task_executions.id
  tool_call_id      TEXT,                          -- tool_calls.id of the call that changed the file
  owner_match       TEXT,                          -- how the owner was found, as in tool_calls
  call_match        TEXT,                          -- exact; inferred where another call ran then and may have changed it; NULL of a row taken over
  agent_id          TEXT,                          -- agent that changed it
  conversation_id   TEXT,                          -- coding session; for Claude Code its session_id
  tool              TEXT,                          -- tool that changed it: Edit, Write, NotebookEdit, Bash, …
  tool_use_id       TEXT,                          -- the model's id of the call
  file_path         TEXT    NOT NULL,              -- absolute path on the machine of the edit
  previous_path     TEXT,                          -- path before a rename
  repo_path         TEXT,                          -- path within the repository, with forward slashes
  repo_id           TEXT,                          -- remote URL without credentials, else the root commit
  branch            TEXT,                          -- branch at that moment; NULL on a detached head
  head_sha          TEXT,                          -- commit that was checked out
  modification_type TEXT    NOT NULL,              -- create, edit, delete or rename
  lines_added       INTEGER,                       -- lines that the change added
  lines_removed     INTEGER,                       -- lines that the change removed
  modified_at       TEXT    NOT NULL,              -- when
  cwd               TEXT,                          -- working folder of the tool
  trace_id          TEXT,                          -- trace that the edit belongs to
  span_id           TEXT,                          -- span of the call
  was_committed     INTEGER,                       -- of a row taken over from cc-ai-tracker: 1 where that tool had it committed, else 0; NULL of others
  change_seq        INTEGER NOT NULL               -- this file's counter at the row's last change
) STRICT;
CREATE INDEX file_modifications_task ON file_modifications (task_execution_id);
CREATE INDEX file_modifications_call ON file_modifications (tool_call_id) WHERE tool_call_id IS NOT NULL;
CREATE INDEX file_modifications_use ON file_modifications (tool_use_id) WHERE tool_use_id IS NOT NULL;
CREATE INDEX file_modifications_conversation ON file_modifications (conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX file_modifications_path ON file_modifications (repo_id, repo_path);
CREATE INDEX file_modifications_change ON file_modifications (change_seq);
CREATE INDEX file_modifications_time ON file_modifications (modified_at);

-- One live commit. A rewritten commit (amend, rebase, squash) replaces its predecessor.
CREATE TABLE commits (
  id                  TEXT    NOT NULL PRIMARY KEY,  -- <repo_id>:<commit_sha>
  timestamp           TEXT    NOT NULL,              -- when the commit was recorded
  commit_sha          TEXT    NOT NULL,              -- full hash
  repo_name           TEXT,                          -- last part of the remote URL or of the folder; two repositories may share it
  repo_path           TEXT,                          -- folder of the work tree on the machine of the commit
  repo_id             TEXT    NOT NULL,              -- remote URL without credentials, else the root commit
  branch              TEXT,                          -- branch; NULL on a detached head
  authored_at         TEXT,                          -- git's author date
  committed_at        TEXT,                          -- git's committer date
  pr_number           INTEGER,                       -- pull request that it came from, as its subject says: inferred
  ai_lines_added      INTEGER NOT NULL DEFAULT 0,    -- added lines that an agent wrote
  ai_lines_removed    INTEGER NOT NULL DEFAULT 0,    -- removed lines that an agent removed
  human_lines_added   INTEGER NOT NULL DEFAULT 0,    -- the other added lines
  human_lines_removed INTEGER NOT NULL DEFAULT 0,    -- the other removed lines
  agent_id            TEXT,                          -- agent that committed
  task_execution_id   TEXT,                          -- task_executions.id that committed
  tool_call_id        TEXT,                          -- tool_calls.id that committed
  owner_match         TEXT,                          -- how the task was found, as in tool_calls
  conversation_id     TEXT,                          -- coding agent's session in which it was committed
  trace_id            TEXT,                          -- trace of that call
  change_seq          INTEGER NOT NULL,              -- this file's counter at the row's last change
  UNIQUE (repo_id, commit_sha)
) STRICT;
CREATE INDEX commits_sha ON commits (commit_sha);
CREATE INDEX commits_time ON commits (timestamp);
CREATE INDEX commits_task ON commits (task_execution_id) WHERE task_execution_id IS NOT NULL;
CREATE INDEX commits_call ON commits (tool_call_id) WHERE tool_call_id IS NOT NULL;
CREATE INDEX commits_conversation ON commits (conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX commits_change ON commits (change_seq);

-- One file of one commit.
CREATE TABLE commit_files (
  id               TEXT    NOT NULL PRIMARY KEY,  -- <commit_id>:<file_path>
  commit_id        TEXT    NOT NULL,              -- commits.id
  file_path        TEXT    NOT NULL,              -- path within the repository
  previous_path    TEXT,                          -- path before, of a renamed file
  lines_added      INTEGER NOT NULL DEFAULT 0,    -- all added lines
  lines_removed    INTEGER NOT NULL DEFAULT 0,    -- all removed lines
  ai_lines_added   INTEGER NOT NULL DEFAULT 0,    -- added lines that an agent wrote
  ai_lines_removed INTEGER NOT NULL DEFAULT 0,    -- removed lines that an agent removed
  change_seq       INTEGER NOT NULL               -- this file's counter at the row's last change
) STRICT;
CREATE INDEX commit_files_commit ON commit_files (commit_id);
CREATE INDEX commit_files_path ON commit_files (file_path);
CREATE INDEX commit_files_change ON commit_files (change_seq);

-- A range of lines that a commit added, and the file modification that wrote them. Lines without a range are not an agent's.
CREATE TABLE commit_lines (
  id                   TEXT    NOT NULL PRIMARY KEY,  -- <commit_id>:<file_path>:<first_line>
  commit_id            TEXT    NOT NULL,              -- commits.id
  file_path            TEXT    NOT NULL,              -- path within the repository, in this commit
  first_line           INTEGER NOT NULL,              -- first line of the range in the committed file, counted from 1
  last_line            INTEGER NOT NULL,              -- last line, included
  file_modification_id TEXT    NOT NULL,              -- file_modifications.id that wrote them; it may lie in another agent's file
  agent_id             TEXT,                          -- agent that wrote them
  match                TEXT    NOT NULL,              -- exact (this content was seen) or inferred
  change_seq           INTEGER NOT NULL               -- this file's counter at the row's last change
) STRICT;
CREATE INDEX commit_lines_commit ON commit_lines (commit_id, file_path);
CREATE INDEX commit_lines_modification ON commit_lines (file_modification_id);
CREATE INDEX commit_lines_change ON commit_lines (change_seq);

-- What recognises a line later, on any machine and after rewrites. Hashes only, no text. An anchor goes with its commit.
CREATE TABLE line_anchors (
  commit_id            TEXT    NOT NULL,  -- commits.id
  file_path            TEXT    NOT NULL,  -- path within the repository, in that commit
  line_number          INTEGER NOT NULL,  -- line in the committed file, counted from 1
  file_modification_id TEXT,              -- file_modifications.id that wrote the line; it may lie in another agent's file
  agent_id             TEXT,              -- agent that wrote the line; NULL: no agent
  line_hash            TEXT    NOT NULL,  -- hash of the line
  normal_hash          TEXT    NOT NULL,  -- hash of the line without its white space
  before_hash          TEXT,              -- normal_hash of the line above; NULL at the top
  after_hash           TEXT,              -- normal_hash of the line below; NULL at the end
  change_seq           INTEGER NOT NULL,  -- this file's counter at the row's last change
  PRIMARY KEY (commit_id, file_path, line_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX line_anchors_line ON line_anchors (line_hash);
CREATE INDEX line_anchors_normal ON line_anchors (normal_hash);
CREATE INDEX line_anchors_change ON line_anchors (change_seq);

-- Rows that went away, so that copies of this file can follow. A row that came back stands in its table again, with a
-- higher change_seq than its tombstone. Where file_info has tombstones_since, tombstones up to that number were dropped:
-- a copy that is further behind starts over.
CREATE TABLE tombstones (
  table_name TEXT    NOT NULL,  -- table that the row was in
  row_id     TEXT    NOT NULL,  -- its id
  change_seq INTEGER NOT NULL,  -- this file's counter at the row's last change
  PRIMARY KEY (table_name, row_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_change ON tombstones (change_seq);

-- The columns of cc-ai-tracker's table of the same name, so that queries written for it go on working.
CREATE VIEW edits AS
SELECT
  m.id                         AS id,             -- file_modifications.id (text; a number in cc-ai-tracker)
  m.modified_at                AS timestamp,      -- when
  m.conversation_id            AS session_id,     -- Claude Code's session
  m.tool                       AS tool,           -- Edit, Write, …
  m.file_path                  AS file_path,      -- absolute path
  coalesce(m.lines_added, 0)   AS lines_added,    -- lines added, 0 where unknown
  coalesce(m.lines_removed, 0) AS lines_removed,  -- lines removed, 0 where unknown
  m.cwd                        AS cwd,            -- working folder
  m.was_committed IS 1 OR EXISTS (SELECT 1 FROM commit_lines l WHERE l.file_modification_id = m.id) AS committed  -- 1 when a line of it ended in a commit
FROM file_modifications m;

-- What each task cost: its own calls (calls, tokens, cost), and its own with those of all tasks below it in this file
-- (tree_…). A sum is of what is known: where unpriced_calls is above 0 the true cost is higher. A cost that was known
-- of none is NULL.
--
-- example: SELECT task_type, cost_usd, estimated_usd, unpriced_calls FROM task_costs ORDER BY cost_usd DESC LIMIT 10
CREATE VIEW task_costs AS
WITH RECURSIVE
  own AS (
    SELECT
      task_execution_id,
      count(*)                                                         AS calls,
      sum(kind = 'llm' OR input_tokens IS NOT NULL OR output_tokens IS NOT NULL OR cost_usd IS NOT NULL) AS model_calls,
      sum(input_tokens)                                                AS input_tokens,
      sum(output_tokens)                                               AS output_tokens,
      sum(cache_read_tokens)                                           AS cache_read_tokens,
      sum(cache_write_tokens)                                          AS cache_write_tokens,
      sum(reasoning_tokens)                                            AS reasoning_tokens,
      sum(cost_usd)                                                    AS cost_usd,
      sum(CASE cost_source WHEN 'estimated' THEN cost_usd END)         AS estimated_usd,
      sum(cost_usd IS NULL AND (kind = 'llm' OR input_tokens IS NOT NULL OR output_tokens IS NOT NULL)) AS unpriced_calls
    FROM tool_calls
    WHERE task_execution_id IS NOT NULL
    GROUP BY task_execution_id
  ),
  above (id, ancestor) AS (
    SELECT id, id FROM task_executions
    UNION
    SELECT above.id, t.parent_task_execution_id
    FROM above JOIN task_executions t ON t.id = above.ancestor
    WHERE t.parent_task_execution_id IS NOT NULL
  ),
  tree AS (
    SELECT
      above.ancestor           AS task_execution_id,
      count(*) - 1             AS tasks_below,
      sum(own.input_tokens)    AS input_tokens,
      sum(own.output_tokens)   AS output_tokens,
      sum(own.cost_usd)        AS cost_usd,
      sum(own.unpriced_calls)  AS unpriced_calls
    FROM above LEFT JOIN own ON own.task_execution_id = above.id
    GROUP BY above.ancestor
  )
SELECT
  t.id                             AS task_execution_id,    -- task_executions.id
  t.agent_id                       AS agent_id,             -- agent that ran it
  t.task_id                        AS task_id,              -- the emitter's id
  t.task_type                      AS task_type,            -- what kind of work
  t.attempt                        AS attempt,              -- counted from 0
  t.status                         AS status,               -- as in task_executions
  t.started_at                     AS started_at,           -- start
  coalesce(own.calls, 0)           AS calls,                -- calls of every kind
  coalesce(own.model_calls, 0)     AS model_calls,          -- calls of models, and other calls that state tokens or a cost
  own.input_tokens                 AS input_tokens,         -- tokens in, cached ones included; NULL: known of no call
  own.output_tokens                AS output_tokens,        -- tokens out, reasoning included
  own.cache_read_tokens            AS cache_read_tokens,    -- part of input_tokens that was read from a cache
  own.cache_write_tokens           AS cache_write_tokens,   -- part of input_tokens that was written to a cache
  own.reasoning_tokens             AS reasoning_tokens,     -- part of output_tokens that was reasoning
  own.cost_usd                     AS cost_usd,             -- US dollars, of the calls whose cost is known; NULL: of none
  own.estimated_usd                AS estimated_usd,        -- part of cost_usd that was estimated from a price list
  coalesce(own.unpriced_calls, 0)  AS unpriced_calls,       -- model calls whose cost is not known, and not in cost_usd
  tree.tasks_below                 AS tree_tasks,           -- tasks below this one, at any depth
  tree.input_tokens                AS tree_input_tokens,    -- tokens in, of this task and those below it
  tree.output_tokens               AS tree_output_tokens,   -- tokens out, of this task and those below it
  tree.cost_usd                    AS tree_cost_usd,        -- US dollars, of this task and those below it
  coalesce(tree.unpriced_calls, 0) AS tree_unpriced_calls   -- model calls whose cost is not known, of this task and those below it
FROM task_executions t
LEFT JOIN own ON own.task_execution_id = t.id
LEFT JOIN tree ON tree.task_execution_id = t.id;

-- What each model cost an agent, by day (UTC). A sum is of what is known, as in task_costs. Costs that no model is
-- named for have a row with model NULL.
--
-- example: SELECT day, model, cost_usd, unpriced_calls FROM model_costs WHERE day >= date('now', '-7 days') ORDER BY day, model
CREATE VIEW model_costs AS
SELECT
  agent_id                AS agent_id,            -- agent that called
  provider                AS provider,            -- provider of the model
  model                   AS model,               -- model that answered, else the one that was asked
  substr(called_at, 1, 10) AS day,                -- day of the call's start, UTC: 2026-01-15
  count(*)                AS model_calls,         -- calls of the model, and other calls that state tokens or a cost
  sum(success IS 0)       AS failed_calls,        -- those of them that failed
  sum(input_tokens)       AS input_tokens,        -- tokens in, cached ones included; NULL: known of no call
  sum(output_tokens)      AS output_tokens,       -- tokens out, reasoning included
  sum(cache_read_tokens)  AS cache_read_tokens,   -- part of input_tokens that was read from a cache
  sum(cache_write_tokens) AS cache_write_tokens,  -- part of input_tokens that was written to a cache
  sum(reasoning_tokens)   AS reasoning_tokens,    -- part of output_tokens that was reasoning
  sum(cost_usd)           AS cost_usd,            -- US dollars, of the calls whose cost is known; NULL: of none
  sum(CASE cost_source WHEN 'estimated' THEN cost_usd END) AS estimated_usd,  -- part of cost_usd that was estimated from a price list
  sum(cost_usd IS NULL)   AS unpriced_calls       -- calls whose cost is not known, and not in cost_usd
FROM tool_calls
WHERE kind = 'llm' OR input_tokens IS NOT NULL OR output_tokens IS NOT NULL OR cost_usd IS NOT NULL
GROUP BY agent_id, provider, model, substr(called_at, 1, 10);

-- How often each tool was called by an agent, how often it failed and how long it took. A percentile is of the calls
-- whose duration is known and their own: those with duration_quality `implicit` are left out. It is the nearest rank: a
-- duration that was measured.
--
-- example: SELECT tool_name, calls, failed_calls, p50_ms, p95_ms FROM tool_stats WHERE kind IN ('tool', 'mcp') ORDER BY calls DESC
CREATE VIEW tool_stats AS
WITH ranked AS (
  SELECT
    agent_id, kind, tool_name, success, called_at, duration_ms, duration_quality IS 'implicit' OR duration_ms IS NULL AS untimed,
    row_number() OVER (PARTITION BY agent_id, kind, tool_name, duration_quality IS 'implicit' OR duration_ms IS NULL ORDER BY duration_ms) AS rank,
    count(*)     OVER (PARTITION BY agent_id, kind, tool_name, duration_quality IS 'implicit' OR duration_ms IS NULL) AS ranks
  FROM tool_calls
)
SELECT
  agent_id               AS agent_id,        -- agent that called
  kind                   AS kind,            -- tool, mcp, llm, http, agent, rpc or db
  tool_name              AS tool_name,       -- as in tool_calls
  count(*)               AS calls,           -- calls, those that are still open included
  sum(success IS 1)      AS succeeded_calls, -- worked
  sum(success IS 0)      AS failed_calls,    -- failed
  sum(success IS NULL)   AS unknown_calls,   -- outcome unknown, or still open
  sum(NOT untimed)       AS timed_calls,     -- calls behind p50_ms and p95_ms
  max(CASE WHEN NOT untimed AND rank = (ranks + 1) / 2 THEN duration_ms END)            AS p50_ms,  -- half of the timed calls took at most so long, milliseconds
  max(CASE WHEN NOT untimed AND rank = (ranks * 95 + 99) / 100 THEN duration_ms END)    AS p95_ms,  -- 95 of 100 timed calls took at most so long, milliseconds
  max(CASE WHEN NOT untimed THEN duration_ms END)                                       AS max_ms,  -- the longest, milliseconds
  min(called_at)         AS first_called_at, -- first call
  max(called_at)         AS last_called_at   -- last call
FROM ranked
GROUP BY agent_id, kind, tool_name;

-- internal: Facts about this file: source_uuid, min_reader, min_writer, created_by, created_at, tombstones_since.
CREATE TABLE file_info (
  key   TEXT NOT NULL PRIMARY KEY,  -- name of the fact
  value TEXT NOT NULL               -- its value
) STRICT, WITHOUT ROWID;
INSERT INTO file_info (key, value) VALUES ('min_reader', '1'), ('min_writer', '1');

-- internal: The counter behind every change_seq: one row.
CREATE TABLE change_counter (
  id  INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),  -- always 1
  seq INTEGER NOT NULL                              -- the last number taken
) STRICT;
INSERT INTO change_counter (id, seq) VALUES (1, 0);

-- internal: What ownership remembers of spans, rows or not, so that a restart forgets nothing. Deleted by age.
CREATE TABLE span_memory (
  trace_id       TEXT    NOT NULL,  -- trace
  span_id        TEXT    NOT NULL,  -- span
  parent_span_id TEXT,              -- its parent
  flags          INTEGER NOT NULL,  -- bit set, see src/ingest
  class          TEXT    NOT NULL,  -- what the span was taken for
  ref            TEXT,              -- id of the row that it became or belongs to
  agent_id       TEXT,              -- agent
  facts          TEXT,              -- what is still needed to decide, JSON
  seen_at        INTEGER NOT NULL,  -- unix seconds
  UNIQUE (trace_id, span_id)
) STRICT;
CREATE INDEX span_memory_children ON span_memory (trace_id, parent_span_id) WHERE parent_span_id IS NOT NULL;
CREATE INDEX span_memory_task ON span_memory (ref) WHERE ref IS NOT NULL AND class = 'task';
CREATE INDEX span_memory_agent ON span_memory (seen_at) WHERE class = 'agent';

-- internal: What spans, log records and hook events told of calls that meet by their call id. Deleted by age.
CREATE TABLE call_parts (
  call_key TEXT    NOT NULL,  -- tool_calls.id of the call
  part     TEXT    NOT NULL,  -- who told it: trace and span
  facts    TEXT    NOT NULL,  -- what it told, JSON
  seen_at  INTEGER NOT NULL,  -- unix seconds
  PRIMARY KEY (call_key, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_parts_time ON call_parts (seen_at);

-- internal: What another span said of a task: Hatchet's cancel span stands in a trace of its own. Deleted by age.
CREATE TABLE task_signals (
  source   TEXT    NOT NULL,  -- dialect
  task_id  TEXT    NOT NULL,  -- the emitter's id of the task
  kind     TEXT    NOT NULL,  -- what was said: cancelled
  trace_id TEXT    NOT NULL,  -- trace of the span that said it
  span_id  TEXT    NOT NULL,  -- that span
  at_ms    REAL    NOT NULL,  -- when, epoch milliseconds
  seen_at  INTEGER NOT NULL,  -- unix seconds
  PRIMARY KEY (source, task_id, kind, trace_id, span_id)
) STRICT, WITHOUT ROWID;

-- internal: Spans whose agent is not known yet; only the holding file has rows here.
CREATE TABLE held_spans (
  trace_id        TEXT    NOT NULL,  -- trace
  span_id         TEXT    NOT NULL,  -- span
  held_at         INTEGER NOT NULL,  -- unix seconds
  due_at          INTEGER,           -- unix seconds from which on less certain signs count; NULL: somebody has to name the agent
  conversation_id TEXT,              -- conversation: whoever names its agent names the span's
  record          TEXT    NOT NULL,  -- the span as a batch of one, JSON
  PRIMARY KEY (trace_id, span_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_spans_time ON held_spans (held_at);
CREATE INDEX held_spans_due ON held_spans (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX held_spans_conversation ON held_spans (conversation_id) WHERE conversation_id IS NOT NULL;

-- internal: Whose a trace or a conversation is, for spans that come after a restart; only the holding file has rows here.
-- Deleted by age and number.
CREATE TABLE agent_claims (
  kind     TEXT    NOT NULL,  -- trace or conversation
  key      TEXT    NOT NULL,  -- its id
  agent_id TEXT    NOT NULL,  -- agent
  claim    INTEGER NOT NULL,  -- 2 the agent is named there, 1 it is the root's service, 0 only rows went to its file
  seen_at  INTEGER NOT NULL,  -- unix seconds
  UNIQUE (key, kind, agent_id)
) STRICT;
