-- What a repository remembers of its lines: whose each is, by content. Lies in <git common dir>/ai-tracker/authorship.db, shared by
-- all work trees and agents of the repository. Holds hashes of lines, no text. Not part of the SQL contract: it may be deleted, and
-- then only what is in the tracking files is known of earlier lines.

-- A line's text, without the CR before its newline, and without a byte order mark.
CREATE TABLE texts (
  id     INTEGER NOT NULL PRIMARY KEY,
  hash   TEXT    NOT NULL UNIQUE,      -- of the text; a last line without newline has another one
  normal INTEGER NOT NULL,             -- number that texts share which differ in white space only; 0: nothing but white space
  flags  INTEGER NOT NULL              -- 1: distinctive, 2: last line without newline
) STRICT;

CREATE TABLE normals (
  id   INTEGER NOT NULL PRIMARY KEY,
  hash TEXT    NOT NULL UNIQUE
) STRICT;

-- A file's content: texts.id of its lines, 32 bits each, little endian, deflated.
CREATE TABLE contents (
  id    INTEGER NOT NULL PRIMARY KEY,
  hash  TEXT    NOT NULL UNIQUE,
  texts BLOB    NOT NULL
) STRICT;

-- Contents of git's blobs that were read.
CREATE TABLE blobs (
  oid     TEXT    NOT NULL PRIMARY KEY,
  content INTEGER NOT NULL,             -- contents.id
  seen_ms REAL    NOT NULL
) STRICT, WITHOUT ROWID;

-- What the hooks told, to be replayed in order of time.
CREATE TABLE events (
  id      INTEGER NOT NULL PRIMARY KEY,
  key     TEXT    NOT NULL UNIQUE,      -- the same event twice is one
  at_ms   REAL    NOT NULL,
  rank    INTEGER NOT NULL,             -- of events of one instant, the lower first
  kind    TEXT    NOT NULL,             -- edit or git
  body    TEXT    NOT NULL,             -- JSON
  is_done INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX events_time ON events (at_ms, rank, id);
CREATE INDEX events_open ON events (is_done) WHERE is_done = 0;

-- Who a line may be of. 1: a person. 2: not known, older than this memory.
CREATE TABLE authors (
  id           INTEGER NOT NULL PRIMARY KEY,
  modification TEXT    UNIQUE,          -- file_modifications.id of an agent's edit
  agent        TEXT
) STRICT;
INSERT INTO authors (id, modification, agent) VALUES (1, NULL, NULL), (2, NULL, NULL);

-- One line that somebody wrote once, wherever it is now. Its text never changes.
CREATE TABLE lines (
  id          INTEGER NOT NULL PRIMARY KEY,
  text        INTEGER NOT NULL,         -- texts.id
  author      INTEGER NOT NULL,         -- authors.id
  is_inferred INTEGER NOT NULL,         -- 1: concluded from its text
  at_ms       REAL    NOT NULL
) STRICT;
CREATE INDEX lines_text ON lines (text);
CREATE INDEX lines_time ON lines (at_ms);

-- A content that a file had, and whose its lines are: lines.id of each, 32 bits, little endian, deflated.
CREATE TABLE states (
  id      INTEGER NOT NULL PRIMARY KEY,
  path    TEXT    NOT NULL,             -- below the top folder, with forward slashes
  content INTEGER NOT NULL,             -- contents.id
  lines   BLOB    NOT NULL,
  at_ms   REAL    NOT NULL,
  UNIQUE (path, content)
) STRICT;
CREATE INDEX states_time ON states (at_ms);
CREATE INDEX states_content ON states (content);

-- Of which content another one was made, and by whom: who took a line away is told by the way from where it was to where it is not.
CREATE TABLE origins (
  state      INTEGER NOT NULL,          -- states.id
  at_ms      REAL    NOT NULL,
  from_state INTEGER NOT NULL,          -- states.id
  author     INTEGER NOT NULL,          -- authors.id
  is_told    INTEGER NOT NULL,          -- 1: by a tool; 0: concluded
  PRIMARY KEY (state, at_ms, from_state)
) STRICT, WITHOUT ROWID;
CREATE INDEX origins_time ON origins (at_ms);

-- What a work tree's file was known to be, over time. The last one holds.
CREATE TABLE work_states (
  worktree   TEXT    NOT NULL,
  path       TEXT    NOT NULL,
  at_ms      REAL    NOT NULL,
  state      INTEGER NOT NULL,          -- states.id
  is_suspect INTEGER NOT NULL,          -- 1: since then, git may have thrown it away
  is_clean   INTEGER NOT NULL,          -- 1: as it was committed
  PRIMARY KEY (worktree, path, at_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX work_states_time ON work_states (at_ms);

-- Who took a line away. The last one holds; 0: it came back.
CREATE TABLE removals (
  line   INTEGER NOT NULL,              -- lines.id
  at_ms  REAL    NOT NULL,
  author INTEGER NOT NULL,              -- authors.id
  PRIMARY KEY (line, at_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX removals_time ON removals (at_ms);

-- Commits whose lines were told apart.
CREATE TABLE commits (
  sha         TEXT    NOT NULL PRIMARY KEY,
  at_ms       REAL    NOT NULL,
  author_key  TEXT    NOT NULL,         -- author and author date: what git keeps of a commit that it makes anew
  subject     TEXT    NOT NULL,         -- hash of the subject
  is_seen     INTEGER NOT NULL,         -- 1: by a hook or the reflog, 0: when it was asked for
  body        TEXT    NOT NULL,         -- JSON: the attribution, and to whom the row belongs
  is_live     INTEGER NOT NULL,         -- 0: no ref leads to it any more, or another took its place
  is_written  INTEGER NOT NULL          -- 1: the row in the agent's file says so
) STRICT, WITHOUT ROWID;
CREATE INDEX commits_time ON commits (at_ms);
CREATE INDEX commits_author ON commits (author_key);
CREATE INDEX commits_open ON commits (is_written) WHERE is_written = 0;

-- Contents that a commit gave its changed files.
CREATE TABLE commit_states (
  sha   TEXT    NOT NULL,
  path  TEXT    NOT NULL,
  state INTEGER NOT NULL,               -- states.id
  at_ms REAL    NOT NULL,
  PRIMARY KEY (sha, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX commit_states_time ON commit_states (at_ms);

CREATE TABLE file_info (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO file_info (key, value) VALUES ('min_reader', '1'), ('min_writer', '1');

-- Commits that took the place of others, as post-rewrite told.
CREATE TABLE rewrites (
  from_sha TEXT NOT NULL,
  to_sha   TEXT NOT NULL,
  PRIMARY KEY (from_sha, to_sha)
) STRICT, WITHOUT ROWID;
CREATE INDEX rewrites_to ON rewrites (to_sha);
