import { type Command, type Context, flagOption, type Output, PLACE_OPTIONS, textOption } from '../command.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { clean } from '../render/clean.ts';
import { jsonText } from '../render/json.ts';
import { paint } from '../render/table.ts';
import { wrap } from '../render/wrap.ts';
import { Deadline } from '../selftest/deadline.ts';
import type { Bench, Door } from '../selftest/door.ts';
import { fileDoor } from '../selftest/file-door.ts';
import { gitDoor } from '../selftest/git-door.ts';
import { hookDoor } from '../selftest/hook-door.ts';
import { installedDoor } from '../selftest/installed-door.ts';
import { otlpDoor } from '../selftest/otlp-door.ts';
import { processorDoor } from '../selftest/processor-door.ts';
import { type DoorResult, runDoors } from '../selftest/run-doors.ts';
import { serveDoor } from '../selftest/serve-door.ts';
import { clearBench, makeBench } from '../selftest/test-bench.ts';

export const selftest: Command = {
  name: 'selftest',
  usage: '[OPTIONS]',
  about:
    'Sends a span and an edit through every door that is there, reads the rows back and takes them away again: the file, the processor, OTLP over HTTP, the receiver at AI_TRACKER_ENDPOINT, `hook claude`, the hooks that are installed in Claude Code and in git. A line for each; stops at the first that fails, and exits 1. All of it ends within 2 seconds: a door that has not answered by then has failed. Made for the entrypoint of a container, before the agent starts.',
  options: {
    ...PLACE_OPTIONS,
    within: { type: 'string', value: 'SECONDS', doc: 'time for all of it, 2 where not given; for machines that are busy' },
    json: { type: 'boolean', doc: 'print what became of each door as JSON' },
  },
  examples: ['ai-tracker selftest', 'ai-tracker selftest --within 10', 'ai-tracker selftest && exec node worker.mjs'],
  arguments: [0, 0],
  async run(context): Promise<ExitCode> {
    const { out } = context;
    const start = performance.now();
    const asJson = flagOption(context, 'json');
    const results = await tryAll(context, (result) => {
      if (!asJson) out.write(lineOf(result, out));
    });
    const isOk = results.every(({ status }) => status !== 'failed');
    if (asJson) out.write(jsonText({ ok: isOk, ms: Math.round(performance.now() - start), doors: results }));
    return isOk ? EXIT.done : EXIT.notFound;
  },
};

async function tryAll(context: Context, told: (result: DoorResult) => void): Promise<DoorResult[]> {
  const { settings, env } = context;
  const deadline = new Deadline(secondsOf(context));
  const fail = (message: string, command: string): DoorResult[] => {
    const result: DoorResult = { door: 'file', ms: 0, status: 'failed', message, command };
    told(result);
    return [result];
  };
  if (settings.disabled) return fail('AI_TRACKER_DISABLED is set: nothing would be recorded', 'unset AI_TRACKER_DISABLED');
  let bench: Bench;
  try {
    bench = makeBench(settings, env, process.cwd(), deadline);
  } catch (error) {
    return fail((error as Error).message, 'ai-tracker doctor');
  }
  try {
    return await runDoors(doorsOf(settings.dbPath, env), bench, told);
  } finally {
    clearBench(bench);
    // A door that was given up may still write, the last of it as the process ends.
    process.once('exit', () => clearBench(bench));
  }
}

const DEFAULT_SECONDS = 2;

function secondsOf(context: Context): number {
  const text = textOption(context, 'within');
  if (text === null) return DEFAULT_SECONDS;
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 3600) return seconds;
  throw new CommandError(EXIT.usage, `--within=${JSON.stringify(text)} is no number of seconds from 0 to 3600`);
}

/** In the order in which one builds on another. */
function doorsOf(dbPath: string | null, env: NodeJS.ProcessEnv): readonly Door[] {
  const token = env['AI_TRACKER_TOKEN'] || null;
  const shared = dbPath === null || dbPath.includes('{agent_id}') ? null : dbPath;
  return [
    fileDoor(shared),
    processorDoor,
    otlpDoor,
    serveDoor(env['AI_TRACKER_ENDPOINT'], token),
    hookDoor,
    installedDoor(token),
    gitDoor,
  ];
}

const MARKS = { ok: ['✓', 'green'], skipped: ['-', 'dim'], failed: ['✗', 'red'] } as const;
const INDENT = ' '.repeat(21);

function lineOf(result: DoorResult, out: Output): string {
  const [mark, style] = MARKS[result.status];
  const time = result.status === 'skipped' ? '' : `${result.ms} ms`;
  const [first = '', ...rest] = wrap(clean(result.message), Math.min(out.width, 100) - INDENT.length);
  const head = `${paint(mark, style, out)} ${result.door.padEnd(9)}${time.padStart(8)}  ${first}`;
  const lines = [head, ...rest.map((line) => INDENT + line)];
  if (result.status === 'failed') lines.push(`${INDENT}${paint('→', style, out)} ${clean(result.command)}`);
  return `${lines.join('\n')}\n`;
}
