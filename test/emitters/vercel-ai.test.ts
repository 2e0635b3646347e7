import { LegacyOpenTelemetry, OpenTelemetry } from '@ai-sdk/otel';
import { generateText, isStepCount, streamText, type Telemetry, tool } from 'ai';
import { MockLanguageModelV4, simulateReadableStream } from 'ai/test';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { only, recordThisProcess } from './recorded-host.ts';

const host = recordThisProcess();

const usage = (input: number, cacheRead: number, output: number, reasoning: number) => ({
  inputTokens: { total: input, noCache: input - cacheRead, cacheRead, cacheWrite: undefined },
  outputTokens: { total: output, text: output - reasoning, reasoning },
});
const model = (answer: Partial<MockLanguageModelV4>) =>
  new MockLanguageModelV4({ provider: 'openai.chat', modelId: 'gpt-4o', ...answer } as never);

const callsTool = (toolName: string, toolCallId: string) => ({
  content: [{ type: 'tool-call' as const, toolCallId, toolName, input: '{"city":"Bern"}' }],
  finishReason: { unified: 'tool-calls' as const, raw: 'tool_calls' },
  usage: usage(100, 40, 20, 5),
  warnings: [],
});
const answers = {
  content: [{ type: 'text' as const, text: 'sunny' }],
  finishReason: { unified: 'stop' as const, raw: 'stop' },
  usage: usage(150, 64, 30, 7),
  warnings: [],
};
const tools = {
  get_weather: tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `sunny in ${city}` }),
  write_file: tool({
    inputSchema: z.object({ city: z.string() }),
    execute: async (): Promise<string> => {
      throw new Error('disk full');
    },
  }),
};

const streamed = (chunks: readonly object[]) => ({ stream: simulateReadableStream({ chunks: [...chunks] }) });
const START = [
  { type: 'stream-start', warnings: [] },
  { type: 'text-start', id: 't' },
  { type: 'text-delta', id: 't', delta: 'sunny' },
];

const FLAVOURS = [
  {
    flavour: 'OpenTelemetry',
    integration: new OpenTelemetry(),
    provider: 'openai',
    reasoning: [null, null],
    toolsInside: 'forecast',
  },
  {
    flavour: 'LegacyOpenTelemetry',
    integration: new LegacyOpenTelemetry(),
    provider: 'openai.chat',
    reasoning: [5, 7],
    toolsInside: 'chat',
  },
] as const;

for (const { flavour, integration, provider, reasoning, toolsInside } of FLAVOURS) {
  describe(`ai 7 with ${flavour}`, () => {
    const telemetry = { functionId: 'forecast', integrations: [integration as Telemetry] };

    it('counts each step of a loop once, and not the totals of the agent around them', async () => {
      const calls = await host.callsOf(`loop-${flavour}`, () =>
        generateText({
          model: model({ doGenerate: [callsTool('get_weather', 'call_0'), callsTool('write_file', 'call_1'), answers] as never }),
          tools,
          stopWhen: isStepCount(5),
          prompt: 'the weather?',
          telemetry,
        }),
      );
      const chat = { kind: 'llm', name: 'chat', success: 1, input: 100, output: 20, cacheRead: 40, inside: 'forecast' };
      const counted = { name: null, input: null, output: null, cacheRead: null };
      expect(only(calls, 'kind', 'name', 'success', 'input', 'output', 'cacheRead', 'inside')).toEqual([
        { ...counted, kind: 'agent', name: 'forecast', success: 1, inside: null },
        chat,
        { ...counted, kind: 'tool', name: 'get_weather', success: 1, inside: toolsInside },
        chat,
        { ...counted, kind: 'tool', name: 'write_file', success: 0, inside: toolsInside },
        { ...chat, input: 150, output: 30, cacheRead: 64 },
      ]);
      expect(new Set(calls.map(({ match, source }) => `${match} ${source}`))).toEqual(new Set(['ancestor vercel-ai']));
      const models = calls.filter(({ kind }) => kind === 'llm');
      expect(models.map((call) => call.reasoning)).toEqual([reasoning[0], reasoning[0], reasoning[1]]);
      expect(new Set(models.map((call) => `${call.provider} ${call.model} ${call.costSource}`))).toEqual(
        new Set([`${provider} gpt-4o estimated`]),
      );
      expect(calls.filter(({ kind }) => kind === 'tool').map(({ callId }) => callId)).toEqual(['call_0', 'call_1']);
    });

    it('counts a stream that was read to its end', async () => {
      const finish = { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage: usage(11, 0, 3, 0) };
      const calls = await host.callsOf(`stream-${flavour}`, async () => {
        const doStream = streamed([...START, { type: 'text-end', id: 't' }, finish]);
        await streamText({ model: model({ doStream: doStream as never }), prompt: 'go', telemetry }).consumeStream();
      });
      expect(only(calls, 'kind', 'success', 'input', 'output')).toEqual([
        { kind: 'agent', success: 1, input: null, output: null },
        { kind: 'llm', success: 1, input: 11, output: 3 },
      ]);
    });

    it('a model that fails costs nothing that anybody knows of', async () => {
      const down = async () => {
        throw new Error('provider down');
      };
      const calls = await host.callsOf(`down-${flavour}`, () =>
        generateText({ model: model({ doGenerate: down as never }), prompt: 'go', maxRetries: 0, telemetry }).catch(() => null),
      );
      expect(only(calls, 'kind', 'success', 'input', 'output', 'costSource')).toEqual([
        { kind: 'agent', success: 0, input: null, output: null, costSource: null },
        { kind: 'llm', success: 0, input: null, output: null, costSource: null },
      ]);
    });

    it('without a task around it the agent is the task, and owns its calls', async () => {
      const named = { ...telemetry, functionId: `alone-${flavour}` };
      await generateText({ model: model({ doGenerate: answers as never }), prompt: 'go', telemetry: named });
      expect(
        await host.rows(
          `select t.status, t.source, c.kind, c.input_tokens as input, c.owner_match as match from task_executions t
           join tool_calls c on c.task_execution_id = t.id where t.task_type = ?`,
          named.functionId,
        ),
      ).toEqual([{ status: 'completed', source: 'vercel-ai', kind: 'llm', input: 150, match: 'ancestor' }]);
    });
  });
}
