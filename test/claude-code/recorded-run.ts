import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { aiTracker, type CommandRun } from '../cli/command.ts';
import { until } from '../support/agent-rows.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { type ClaudeRun, claude, configFolder } from './claude-process.ts';
import { type Script, scriptedModel, type ToolUse } from './scripted-model.ts';
import { type Change, WorkTree } from './work-tree.ts';

/** In everything that is secret: what must not be found in a database. */
export const CANARY = 'canary-4f1c';
const MCP_SERVER = fileURLToPath(new URL('mcp-files.ts', import.meta.url));

/** The tools of a turn, and what git says that they changed. */
export interface Step {
  readonly tools: readonly ToolUse[];
  readonly changes: readonly Change[];
}

export interface Edit extends Change {
  readonly toolUseId: string;
  /** Below the top of the repository; null where nobody could look. */
  readonly repoPath: string | null;
  readonly owner: string | null;
  readonly match: string | null;
}

interface ClaudeMore {
  readonly args?: readonly string[];
  readonly onStart?: (child: ChildProcess) => void;
  /** What the next turn waits for. */
  readonly afterTurn?: (tools: readonly ToolUse[]) => Promise<void>;
}

const EDITS = `select tool_use_id as toolUseId, file_path as path, repo_path as repoPath, modification_type as type, previous_path as previous,
  lines_added as added, lines_removed as removed, task_execution_id as owner, owner_match as match from file_modifications order by file_path`;

/** A person's machine with Claude Code, our hooks in it, and a work tree. */
export class RecordedRun {
  readonly home: string;
  /** Where the agents' files go. */
  readonly folder: string;
  readonly agent: string;
  readonly tree: WorkTree;
  readonly steps: Step[] = [];
  strays: readonly string[] = [];

  constructor(agent: string, files: Readonly<Record<string, string>>) {
    this.home = scratchFolder();
    this.agent = agent;
    this.folder = join(this.home, 'agents');
    const work = join(this.home, 'work');
    mkdirSync(work);
    mkdirSync(this.folder);
    this.tree = new WorkTree(work, files);
  }

  get env(): NodeJS.ProcessEnv {
    return { CLAUDE_CONFIG_DIR: configFolder(this.home), AI_TRACKER_SHARED_DIR: this.folder };
  }

  path(name: string): string {
    return join(this.tree.folder, name);
  }

  /** `ai-tracker ARGS` by that person, in the work tree. */
  aiTracker(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandRun> {
    return aiTracker(args, { home: this.home, cwd: this.tree.folder, env: { ...this.env, ...env } });
  }

  /** Claude Code works on the scripts; in each turn, what it did is looked up in the work tree. */
  async claude(prompt: string, scripts: readonly Script[], env: NodeJS.ProcessEnv, options: ClaudeMore = {}): Promise<ClaudeRun> {
    const model = await scriptedModel(scripts, (tools) => {
      this.steps.push({ tools, changes: this.tree.changes() });
      return options.afterTurn?.(tools);
    });
    const servers = { files: { command: process.execPath, args: ['--no-warnings', MCP_SERVER] } };
    const config = join(this.home, 'mcp.json');
    writeFileSync(config, JSON.stringify({ mcpServers: servers }));
    const run = await claude(prompt, {
      cwd: this.tree.folder,
      home: this.home,
      modelUrl: model.url,
      args: [
        ...['--permission-mode', 'acceptEdits', '--mcp-config', config],
        ...['--allowedTools', 'Bash(sh change.sh:*)', 'Bash(sh fail.sh:*)', 'mcp__files__create_file', 'NotebookEdit'],
        ...(options.args ?? []),
      ],
      env: { ...this.env, ...env },
      ...(options.onStart === undefined ? {} : { onStart: options.onStart }),
    });
    this.strays = model.strays;
    return run;
  }

  get file(): string {
    return join(this.folder, `${this.agent}.db`);
  }

  rows<T = Record<string, unknown>>(sql: string): T[] {
    const db = new Database(this.file, { readonly: true });
    onTestFinished(() => void db.close());
    return db.prepare(sql).all() as T[];
  }

  edits(): Edit[] {
    return this.rows<Edit>(EDITS).map((edit) => ({
      ...edit,
      path: relative(this.tree.folder, edit.path),
      previous: edit.previous === null ? null : relative(this.tree.folder, edit.previous),
    }));
  }

  /** Resolves when a query finds a row. */
  until(what: string, sql: string): Promise<void> {
    return until(
      what,
      () => {
        try {
          const db = new Database(this.file, { readonly: true });
          try {
            return db.prepare(sql).get() !== undefined;
          } finally {
            db.close();
          }
        } catch {
          // Not made yet, or without its tables.
          return false;
        }
      },
      30_000,
    );
  }
}
