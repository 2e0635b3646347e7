import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { DemoRun } from '../../demo/run-demo.ts';
import { makeFolder } from '../../model/make-folder.ts';
import { resolveSettings } from '../../model/settings.ts';
import type { Command, Context } from '../command.ts';
import { textOption } from '../command.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { clean } from '../render/clean.ts';
import { duration } from '../render/duration.ts';

const QUESTION = `SELECT t.task_type AS task, t.attempt, t.status, count(c.id) AS calls,
       count(*) FILTER (WHERE c.success = 0) AS failed_calls
FROM task_executions t LEFT JOIN tool_calls c ON c.task_execution_id = t.id
GROUP BY t.id ORDER BY calls DESC, task, t.attempt`;

/** A path in a command that can be pasted into a shell. */
const quoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`);

export const demo: Command = {
  name: 'demo',
  usage: '[--dir FOLDER]',
  about:
    'Starts two agents, each a real Hatchet worker in its own process, with an engine, a web site and an MCP server on loopback. One task fails, one is tried again, one is cancelled, one has children. Then shows what was recorded, and leaves the files where they are.',
  options: { dir: { type: 'string', value: 'FOLDER', doc: 'write the files here (else a fresh temporary folder)' } },
  examples: ['ai-tracker demo', 'ai-tracker demo --dir ./demo-rows'],
  arguments: [0, 0],
  async run(context) {
    const { missingPackages } = await import('../../demo/needed-packages.ts');
    const missing = missingPackages();
    if (missing.length > 0) {
      const install = `npm install ai-tracker-otel ${missing.join(' ')}`;
      throw new CommandError(
        EXIT.environment,
        `demo: it runs real Hatchet workers, and these packages are not installed beside ai-tracker-otel. Install them in one folder, then run it there: ${install}`,
      );
    }
    const folder = folderOf(context);
    context.out.write('Two agents start, each a Hatchet worker in its own process …\n');
    const startedMs = performance.now();
    const run = await runIn(folder);
    context.out.write(`Done: ${run.attempts} attempts of tasks in ${duration(performance.now() - startedMs)}.\n`);
    await show(context, folder, run);
    return EXIT.done;
  },
};

function folderOf(context: Context): string {
  const given = textOption(context, 'dir');
  if (given === null) return mkdtempSync(join(tmpdir(), 'ai-tracker-demo-'));
  makeFolder(given);
  return resolve(given);
}

async function runIn(folder: string): Promise<DemoRun> {
  const { runDemo } = await import('../../demo/run-demo.ts');
  try {
    return await runDemo(folder);
  } catch (error) {
    throw new CommandError(EXIT.environment, `demo: ${(error as Error).message}; what was recorded until then is in ${folder}`);
  }
}

/** What a user would type next, and what it prints: the commands themselves print it. */
async function show(context: Context, folder: string, { agents, parentTaskId }: DemoRun): Promise<void> {
  const { out } = context;
  // Nothing of the user's own recording: neither its files nor its spool.
  const { settings } = resolveSettings({ sharedDir: folder }, {});
  const place = `--dir ${quoted(folder)}`;
  const run = async (command: Command, title: string, positionals: readonly string[] = []): Promise<void> => {
    out.write(`\n# ${title}\n\n`);
    await command.run({ ...context, settings, options: {}, positionals });
  };
  const { tasks } = await import('./tasks.ts');
  await run(tasks, `ai-tracker tasks ${place}`);
  const { task } = await import('./task.ts');
  await run(task, `ai-tracker task ${parentTaskId.slice(0, 8)} ${place}`, [parentTaskId]);
  const { tools } = await import('./tools.ts');
  await run(tools, `ai-tracker tools ${place}`);
  out.write('\nCalls without a task are those that the Hatchet SDK made for itself.\n');

  const { sql } = await import('./sql.ts');
  await run(sql, `ai-tracker sql ${place} "…"\n\n${QUESTION}`, [QUESTION]);

  out.write('\nOne ordinary SQLite file per agent; they stay until you remove them:\n\n');
  const { listAgents } = await import('../../query/agents.ts');
  const found = listAgents({ settings, env: {}, agentId: null, nowMs: context.nowMs }).answers;
  for (const agent of found) {
    // Others may have files in a folder that the user named.
    if (agents.includes(agent.agent_id ?? '')) for (const file of agent.files) out.write(`${clean(file)}\n`);
  }
}
