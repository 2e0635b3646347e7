import type { History, WorkTree } from './history.ts';
import type { Runner } from './playground.ts';
import type { Random } from './random.ts';
import { structuredPatch } from './structured-patch.ts';
import { changed, type Line, linesOf, textOf } from './tree.ts';

export type Tool = 'Edit' | 'MultiEdit' | 'Write' | 'Bash';

export interface CallPlan {
  readonly by: Extract<Runner, { kind: 'agent' }>;
  readonly tool: Tool;
  /** New lines by path; null: deleted. More than one path, or a deletion, goes by Bash only. */
  readonly changes: ReadonlyMap<string, readonly Line[] | null>;
  readonly moved: ReadonlySet<number>;
}

/** A call of a tool in three phases, so that calls can run side by side. */
export interface AgentCall {
  readonly told: Readonly<Record<string, unknown>>;
  pre(): Promise<void>;
  apply(): void;
  post(): Promise<void>;
}

/** A tool that can make this change. */
export function toolFor(changes: CallPlan['changes'], work: WorkTree, random: Random): Tool {
  const [only] = [...changes];
  if (changes.size !== 1 || only === undefined || only[1] === null) return 'Bash';
  if (linesOf(work.tree, only[0]).length === 0) return random.pick(['Write', 'Write', 'Bash']);
  return random.weighted({ Edit: 50, MultiEdit: 12, Write: 20, Bash: 18 });
}

export function agentCall(history: History, work: WorkTree, { by, tool, changes, moved }: CallPlan): AgentCall {
  const { playground } = history;
  const [path, lines] = [...changes][0] as [string, readonly Line[] | null];
  const existed = work.tree.files.has(path);
  const before = textOf(linesOf(work.tree, path));
  const after = textOf(lines ?? []);
  const edits = tool === 'MultiEdit' || tool === 'Edit' ? replacements(before, after) : [];
  const used: Tool = (tool === 'Edit' || tool === 'MultiEdit') && edits.length === 0 ? 'Write' : tool;
  const file = `${work.dir}/${path}`;
  const { input, told } = inputOf();
  const event = history.event(work, by, used, input);
  let beganMs = 0;
  return {
    told: { op: 'ai', tool: used, ...told, agent: by.agent, session: by.session, ...history.toldPlace(work) },
    async pre() {
      await playground.claude({ ...event, hook_event_name: 'PreToolUse' }, work.dir, by.agent);
      beganMs = Date.now();
    },
    apply() {
      for (const [at, now] of changes) {
        work.past.push({ path: at, lines: linesOf(work.tree, at) });
        if (now === null) playground.delete(work.dir, at);
        else playground.write(work.dir, at, textOf(now));
      }
      work.tree = changed(work.tree, changes, 'agent', moved);
      for (const [at, now] of changes) if (now !== null) work.past.push({ path: at, lines: now });
    },
    post: () =>
      playground.claude(
        { ...event, hook_event_name: 'PostToolUse', tool_response: responseOf(), duration_ms: Date.now() - beganMs },
        work.dir,
        by.agent,
      ),
  };

  function inputOf(): { input: Record<string, unknown>; told: Record<string, unknown> } {
    const at = history.toldPath(work, path);
    switch (used) {
      case 'Edit': {
        const [{ old_string, new_string }] = edits as [Replacement];
        return {
          input: { file_path: file, old_string, new_string, replace_all: false },
          told: { file: at, old: old_string, new: new_string },
        };
      }
      case 'MultiEdit':
        return {
          input: { file_path: file, edits },
          told: { file: at, edits: edits.map((e) => ({ old: e.old_string, new: e.new_string })) },
        };
      case 'Write':
        return { input: { file_path: file, content: after }, told: { file: at, content: after } };
      case 'Bash': {
        const command = commandOf(changes, before);
        return { input: { command, description: 'change files' }, told: { command } };
      }
    }
  }

  function responseOf(): unknown {
    const patch = structuredPatch(before, after);
    switch (used) {
      case 'Edit': {
        const [{ old_string, new_string }] = edits as [Replacement];
        const told = { filePath: file, oldString: old_string, newString: new_string, originalFile: before };
        return { ...told, structuredPatch: patch, userModified: false, replaceAll: false };
      }
      case 'MultiEdit':
        return { filePath: file, edits, originalFileContents: before, structuredPatch: patch, userModified: false };
      case 'Write': {
        const told = { filePath: file, content: after, originalFile: existed ? before : null };
        return { type: existed ? 'update' : 'create', ...told, structuredPatch: existed ? patch : [] };
      }
      case 'Bash':
        return { stdout: '', stderr: '', interrupted: false, isImage: false };
    }
  }
}

/** The shell's way to a change: a file that only changes its name is moved. */
export function commandOf(changes: CallPlan['changes'], before: string): string {
  const [from, to] = [...changes];
  if (changes.size === 2 && from?.[1] === null && to?.[1] && textOf(to[1]) === before)
    return `mkdir -p "$(dirname ${to[0]})" && mv ${from[0]} ${to[0]}`;
  return [...changes]
    .map(([path, lines]) =>
      lines === null
        ? `rm -f ${path}`
        : `mkdir -p "$(dirname ${path})" && cat > ${path} <<'END_OF_FILE'\n${textOf(lines)}END_OF_FILE`,
    )
    .join('\n');
}

interface Replacement {
  readonly old_string: string;
  readonly new_string: string;
}

/** One replacement that makes the new text of the old one, of whole lines, found only once; none where that does not go. */
function replacements(before: string, after: string): Replacement[] {
  if (before === after) return [];
  const [from, to] = [before.split('\n'), after.split('\n')];
  let head = 0;
  while (head < from.length && head < to.length && from[head] === to[head]) head++;
  let tail = 0;
  while (tail < from.length - head && tail < to.length - head && from.at(-1 - tail) === to.at(-1 - tail)) tail++;
  for (let context = 0; context <= 40; context++) {
    const start = Math.max(0, head - context);
    const rest = Math.max(0, tail - context);
    const old_string = from.slice(start, from.length - rest).join('\n');
    const new_string = to.slice(start, to.length - rest).join('\n');
    if (old_string !== '' && before.split(old_string).length === 2 && before.replace(old_string, () => new_string) === after)
      return [{ old_string, new_string }];
  }
  return [];
}
