import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { Scenario, Step } from '../fixtures/attribution/words.ts';
import { Playground, type Runner } from './history/playground.ts';
import { structuredPatch } from './history/structured-patch.ts';

/** `[ai, human, ai_removed, human_removed]` by path, by the subject of the commit; of what was not recorded, null. */
export type Told = Record<string, Record<string, readonly number[] | null>>;

/** Plays a scenario with real git and our hooks. @returns what was recorded of the commits and files that its truth names, and all lines of all commits */
export async function runScenario(scenario: Scenario): Promise<{ told: Told; totals: { ai: number; human: number } }> {
  const playground = new Playground('quick');
  try {
    const stage = new Stage(playground);
    for (const [file, content] of Object.entries(scenario.base ?? {}))
      stage.write(file, typeof content === 'string' ? content : Buffer.from(content.hex, 'hex'));
    playground.ask(playground.repo, ['init', '-q']);
    if (scenario.no_base !== true) {
      playground.ask(playground.repo, ['add', '-A']);
      playground.ask(playground.repo, ['commit', '-q', '--allow-empty', '-m', 'base']);
    }
    for (const step of scenario.steps) await stage.take(step);
    const told: Told = {};
    for (const [key, files] of Object.entries(scenario.truth)) {
      const [where, subject] = key.includes('::') ? (key.split('::') as [string, string]) : ['repo', key];
      const log = playground.ask(join(playground.root, where), ['log', '--all', '--format=%H%x09%s']).split('\n');
      const sha = log.find((line) => line.split('\t')[1] === subject)?.split('\t')[0];
      if (sha === undefined) throw new Error(`${scenario.id}: there is no commit ${JSON.stringify(subject)}`);
      // Asked as people ask: a commit that no hook told of is resolved when somebody wants to know.
      const asked = await playground.tracker(join(playground.root, where), ['commit', sha, '--json']);
      if (asked.code > 1) throw new Error(`ai-tracker commit ${sha}: ${asked.code} ${asked.stderr}`);
      const commit = asked.code === 1 ? null : (JSON.parse(asked.stdout) as { files: CommitFile[] });
      told[key] = Object.fromEntries(
        Object.entries(files).map(([path, wanted]) => {
          const file = commit?.files.find(({ file_path }) => file_path === path);
          if (file === undefined) return [path, commit === null ? null : wanted.map(() => 0)];
          const counts = [file.ai_lines_added, file.human_lines_added, file.ai_lines_removed, file.human_lines_removed];
          return [path, counts.slice(0, wanted.length)];
        }),
      );
    }
    const { stdout } = await playground.tracker(playground.repo, ['stats', '--json']);
    const stats = JSON.parse(stdout) as { ai_lines_added: number; human_lines_added: number };
    return { told, totals: { ai: stats.ai_lines_added, human: stats.human_lines_added } };
  } finally {
    playground.remove();
  }
}

interface CommitFile {
  readonly file_path: string;
  readonly ai_lines_added: number;
  readonly human_lines_added: number;
  readonly ai_lines_removed: number;
  readonly human_lines_removed: number;
}

class Stage {
  readonly #playground: Playground;
  #calls = 0;

  constructor(playground: Playground) {
    this.#playground = playground;
  }

  #at(file: string): string {
    if (isAbsolute(file)) return file;
    return join(this.#playground.root, file.startsWith('@/') ? file.slice(2) : join('repo', file));
  }

  write(file: string, content: string | Buffer): void {
    mkdirSync(dirname(this.#at(file)), { recursive: true });
    writeFileSync(this.#at(file), content);
  }

  #read(file: string): string | null {
    return existsSync(this.#at(file)) ? readFileSync(this.#at(file), 'utf8') : null;
  }

  async take(step: Step): Promise<void> {
    const playground = this.#playground;
    const cwd = step['cwd'] === undefined ? playground.repo : this.#at(step['cwd'] as string);
    const by: Runner = { kind: 'human' };
    const env = { AGENT_ID: (step['agent'] as string | undefined) ?? 'agent-1' };
    const args = ((step['args'] ?? []) as string[]).map((arg) => arg.replace('@root', playground.root));
    switch (step.op) {
      case 'human':
        return this.write(step['file'], step['content'] ?? replaced(this.#read(step['file']), step['edits']));
      case 'human_hex':
        return this.write(step['file'], Buffer.from(step['hex'] as string, 'hex'));
      case 'ai': {
        const call = this.#call(step);
        if (step['no_pre'] !== true) await call.pre();
        call.apply();
        return call.post();
      }
      case 'parallel': {
        const calls = (step['calls'] as Step[]).map((one) => this.#call(one));
        for (const call of calls) await call.pre();
        for (const call of calls) call.apply();
        for (const call of calls) await call.post();
        return;
      }
      case 'sh':
        return this.#shell(step['cmd'] as string, cwd, env);
      case 'git':
        return void playground.git(cwd, args, { by, env, mayFail: step['fail_ok'] === true });
      case 'setup_git':
        return void playground.ask(cwd, args);
      case 'stage_content': {
        const blob = playground.git(cwd, ['hash-object', '-w', '--stdin'], { input: step['content'] as string }).stdout.trim();
        return void playground.git(cwd, ['update-index', '--add', '--cacheinfo', `100644,${blob},${step['file'] as string}`]);
      }
      case 'commit':
        if (step['add'] !== null) playground.git(cwd, ['add', ...((step['add'] as string[] | undefined) ?? ['-A', ':/'])]);
        return void playground.git(cwd, ['commit', '-q', ...args, '-m', step['m'] as string], { by, env });
      default:
        throw new Error(`there is no step ${step.op}`);
    }
  }

  #shell(command: string, cwd: string, env: NodeJS.ProcessEnv): void {
    execFileSync('bash', ['-c', command], {
      cwd,
      env: { ...this.#playground.env({ kind: 'human' }), ...env, ROOT: this.#playground.root },
    });
  }

  #call(step: Step): { pre(): Promise<void>; apply(): void; post(): Promise<void> } {
    const playground = this.#playground;
    const { tool, file, agent = 'agent-1', session = 'session-1' } = step;
    const cwd = step['cwd'] === undefined ? playground.repo : this.#at(step['cwd'] as string);
    const path =
      file === undefined ? '' : ((step['via'] as string | undefined)?.replace('@root', playground.root) ?? this.#at(file));
    const before = file === undefined ? null : this.#read(file);
    const edits = (step['edits'] ?? [{ old: step['old'], new: step['new'] }]) as Replacement[];
    const inputs: Record<string, unknown> = {
      Edit: { file_path: path, old_string: step['old'], new_string: step['new'], replace_all: step['replace_all'] === true },
      MultiEdit: { file_path: path, edits: edits.map((one) => ({ old_string: one.old, new_string: one.new })) },
      Write: { file_path: path, content: step['content'] },
      NotebookEdit: {
        notebook_path: path,
        cell_id: step['cell_id'],
        new_source: step['new_source'],
        cell_type: 'code',
        edit_mode: 'replace',
      },
      Bash: { command: step['command'], description: 'shell' },
    };
    const event = {
      ...{ session_id: session, transcript_path: '/transcript.jsonl', cwd, permission_mode: 'acceptEdits' },
      ...{ tool_name: tool, tool_input: inputs[tool], tool_use_id: `toolu_${++this.#calls}` },
    };
    return {
      pre: () => playground.claude({ ...event, hook_event_name: 'PreToolUse' }, cwd, agent),
      apply: () => {
        if (tool === 'Bash')
          this.#shell(step['command'] as string, cwd, { AGENT_ID: agent, CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: session });
        else this.write(file, (step['content'] as string | undefined) ?? replaced(before, edits, step['replace_all'] === true));
      },
      post: () => {
        const now = file === undefined ? null : this.#read(file);
        const patch = structuredPatch(before ?? '', now ?? '');
        const responses: Record<string, unknown> = {
          Edit: {
            filePath: path,
            oldString: step['old'],
            newString: step['new'],
            originalFile: before,
            structuredPatch: patch,
            userModified: false,
            replaceAll: step['replace_all'] === true,
          },
          MultiEdit: { filePath: path, edits, originalFileContents: before, structuredPatch: patch, userModified: false },
          Write: {
            type: before === null ? 'create' : 'update',
            filePath: path,
            content: step['content'],
            structuredPatch: before === null ? [] : patch,
            originalFile: before,
          },
          NotebookEdit: { new_source: step['new_source'], cell_id: step['cell_id'], notebook_path: path, error: '' },
          Bash: { stdout: '', stderr: '', interrupted: false, isImage: false },
        };
        return playground.claude(
          { ...event, hook_event_name: 'PostToolUse', tool_response: responses[tool], duration_ms: 12 },
          cwd,
          agent,
        );
      },
    };
  }
}

interface Replacement {
  readonly old: string;
  readonly new: string;
}

function replaced(text: string | null, edits: readonly Replacement[], everywhere = false): string {
  let now = text ?? '';
  for (const { old, new: next } of edits) {
    if (!now.includes(old)) throw new Error(`there is no ${JSON.stringify(old)} to replace`);
    now = everywhere ? now.replaceAll(old, () => next) : now.replace(old, () => next);
  }
  return now;
}
