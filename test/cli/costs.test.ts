import { describe, expect, test } from 'vitest';
import { record, recorderIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, modelSpan, taskSpan, toolSpan } from '../support/span-makers.ts';
import { aiTracker, type CommandRun } from './command.ts';

const LONG = 'a-model-whose-name-says-everything-that-can-be-said-of-it-and-then-some';
const call = (span: number, model: string, input: number | null) =>
  modelSpan({
    span,
    parent: 1,
    attributes: {
      'gen_ai.request.model': model,
      'gen_ai.provider.name': 'anthropic',
      ...(input === null ? {} : { 'gen_ai.usage.input_tokens': input, 'gen_ai.usage.output_tokens': 1 }),
    },
  });

/** A task with priced, unpriced and untold model calls. */
function recorded(): string {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  record(recorder, fromSender(Date.now(), 'alpha'), [
    taskSpan('11111111-2222-3333-4444-555555555555', { span: 1 }),
    call(2, 'claude-sonnet-4-20250514', 1_234_567),
    call(3, 'claude-sonnet-4-20250514', null),
    call(4, LONG, 10),
    toolSpan({ span: 5, parent: 1 }),
  ]);
  recorder.close();
  return folder;
}

const costs = (folder: string, ...args: string[]): Promise<CommandRun> =>
  aiTracker(['costs', ...args, '--dir', folder], { home: folder, env: { COLUMNS: '80' } });

describe('ai-tracker costs', () => {
  test('shows sums by model, marks what they lack, and says what is estimated and what has no price', async () => {
    const { code, stdout, stderr } = await costs(recorded());
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^claude-sonnet-4-20250514 +anthropic +2 +1\.2M +1 +\$[\d.]+\+ +\$[\d.]+$/m);
    expect(stdout).toMatch(/^a-model-whose\S*… +anthropic +1 +10 +1 +\?$/m);
    expect(stdout).toMatch(/^total +3 +1\.2M +2 +\$[\d.]+\+/m);
    expect(stdout).toMatch(/estimated: by genai-prices \d/);
    expect(stdout).toContain(`the price list lacks it: ${LONG} (1)`);
    expect(stdout).toContain('no tokens were told: claude-sonnet-4-20250514 (1)');
  });

  test.each(['model', 'agent', 'task', 'tool', 'day'])('by %s fits a table into 80 columns', async (by) => {
    const { code, stdout } = await costs(recorded(), '--by', by);
    expect(code).toBe(0);
    const [lines = ''] = stdout.split('\n\n');
    expect(lines.split('\n').length).toBeGreaterThan(2);
    for (const line of lines.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('prints as JSON numbers and null, never 0 for unknown', async () => {
    const { stdout, stderr } = await costs(recorded(), '--json');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([
      {
        provider: 'anthropic',
        model: 'claude-sonnet-4-20250514',
        calls: 2,
        model_calls: 2,
        input_tokens: 1_234_567,
        output_tokens: 1,
        cache_read_tokens: null,
        cache_write_tokens: null,
        reasoning_tokens: null,
        cost_usd: expect.any(Number) as number,
        estimated_usd: expect.any(Number) as number,
        unpriced_calls: 1,
      },
      expect.objectContaining({ model: LONG, cost_usd: null, estimated_usd: null, unpriced_calls: 1 }) as object,
    ]);
  });

  test('limits what it shows, not what it sums', async () => {
    const folder = recorded();
    const { stdout } = await costs(folder, '--limit', '1');
    expect(stdout).not.toMatch(/^a-model/m);
    expect(stdout).toMatch(/^total +3 /m);
  });

  test('says [] or nothing on stdout where nothing was recorded, and refuses a grouping that it does not know', async () => {
    const folder = scratchFolder();
    expect(await costs(folder, '--json')).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
    expect(await costs(folder)).toMatchObject({ code: 0, stdout: '' });
    const wrong = await costs(folder, '--by', 'colour');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('model, agent, task, tool, day');
  });
});
