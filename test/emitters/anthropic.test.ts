import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { AnthropicInstrumentation } from '@arizeai/openinference-instrumentation-anthropic';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bodyOf, sendEvents, sendJson, serve } from './loopback.ts';
import { type CallRow, only, recordThisProcess } from './recorded-host.ts';

const host = recordThisProcess([new UndiciInstrumentation()]);
const RUNNER = 'anthropic.messages.tool_runner';
const MODEL = 'claude-sonnet-4-20250514';

const USAGE = { input_tokens: 60, cache_read_input_tokens: 30, cache_creation_input_tokens: 10, output_tokens: 20 };
const message = (content: object[], stop: string) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: MODEL,
  content,
  stop_reason: stop,
  stop_sequence: null,
  usage: USAGE,
});
const TEXT = [{ type: 'text', text: 'sunny' }];

/** How many requests a prompt has seen so far; the prompt says how the server behaves. */
const seen = new Map<string, number>();
const url = await serve((request, response) => {
  void (async () => {
    const body = await bodyOf(request);
    const [first] = body['messages'] as { content: string }[];
    const prompt = String(first?.content);
    const count = (seen.get(prompt) ?? 0) + 1;
    seen.set(prompt, count);
    if (prompt === 'down' || (prompt === 'flaky' && count === 1)) {
      sendJson(response, 500, { type: 'error', error: { type: 'api_error', message: 'boom' } }, { 'retry-after-ms': '1' });
    } else if (prompt.startsWith('stream')) {
      const start = { ...message([], ''), stop_reason: null, usage: { ...USAGE, output_tokens: 1 } };
      const events = [
        { event: 'message_start', data: { type: 'message_start', message: start } },
        {
          event: 'content_block_start',
          data: { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        },
        {
          event: 'content_block_delta',
          data: { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } },
        },
        { event: 'content_block_stop', data: { type: 'content_block_stop', index: 0 } },
        {
          event: 'message_delta',
          data: { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 20 } },
        },
        { event: 'message_stop', data: { type: 'message_stop' } },
      ];
      sendEvents(response, events);
    } else if (prompt === 'tool' && count === 1) {
      const use = { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Bern' } };
      sendJson(response, 200, message([use], 'tool_use'), { 'request-id': 'req_1' });
    } else sendJson(response, 200, message(TEXT, 'end_turn'), { 'request-id': 'req_1' });
  })();
});

const client = new Anthropic({ apiKey: 'none', baseURL: url, maxRetries: 1 });
const ask = (content: string) => ({ model: MODEL, max_tokens: 10, messages: [{ role: 'user' as const, content }] });

const answered = {
  kind: 'llm',
  source: 'anthropic',
  success: 1,
  status: 200,
  retries: 0,
  model: MODEL,
  input: 100,
  cacheRead: 30,
  cacheWrite: 10,
  output: 20,
  costSource: 'estimated',
};
const silent = { ...answered, input: null, cacheRead: null, cacheWrite: null, output: null, costSource: null };
const seenOf = (calls: readonly CallRow[]) =>
  only(
    calls,
    ...(['kind', 'source', 'success', 'status', 'retries', 'model'] as const),
    ...(['input', 'cacheRead', 'cacheWrite', 'output', 'costSource'] as const),
  );
const HTTP = '@opentelemetry/instrumentation-undici: POST';
const CHAT = 'com.anthropic.sdk.typescript: anthropic.messages.create';

describe('the Anthropic SDK, by its own spans, over an instrumented fetch', () => {
  it('a call is one row: cached tokens within its input, its request folded in', async () => {
    const calls = await host.callsOf('plain', () => client.messages.create(ask('hi')));
    expect(host.emitted().slice(0, 2)).toEqual([HTTP, CHAT]);
    expect(seenOf(calls)).toEqual([answered]);
  });

  it('a resend is a retry of the same call', async () => {
    const calls = await host.callsOf('flaky', () => client.messages.create(ask('flaky')));
    expect(host.emitted().slice(0, 3)).toEqual([HTTP, HTTP, CHAT]);
    expect(seenOf(calls)).toEqual([{ ...answered, retries: 1 }]);
  });

  it('a call that fails to the end has no tokens and the last status', async () => {
    const calls = await host.callsOf('down', () => client.messages.create(ask('down')).catch(() => null));
    expect(seenOf(calls)).toEqual([{ ...silent, success: 0, status: 500, retries: 1 }]);
    expect(only(calls, 'error')).toEqual([{ error: 'api_error' }]);
  });

  it('a stream that was read to its end is counted', async () => {
    expect(seenOf(await host.callsOf('stream', () => client.messages.stream(ask('stream')).finalMessage()))).toEqual([answered]);
  });

  it('a stream that its reader left is no success: its output is unknown and its cost too', async () => {
    const calls = await host.callsOf('left', async () => {
      for await (const _ of await client.messages.create({ ...ask('stream, left'), stream: true })) break;
    });
    expect(seenOf(calls)).toEqual([{ ...answered, success: null, output: null, costSource: null }]);
  });

  it("a tool runner: both steps, the tool between them, the tool's own request folded into it", async () => {
    const get_weather = betaZodTool({
      name: 'get_weather',
      description: 'weather of a city',
      inputSchema: z.object({ city: z.string() }),
      run: async ({ city }) => (await fetch(url, { method: 'POST', body: JSON.stringify(ask(city)) })).text(),
    });
    const calls = await host.callsOf('runner', () =>
      client.beta.messages.toolRunner({ ...ask('tool'), tools: [get_weather] }).runUntilDone(),
    );
    expect(host.emitted().filter((span) => span === HTTP)).toHaveLength(3);
    expect(only(calls, 'kind', 'name', 'callId', 'input', 'status', 'inside')).toEqual([
      { kind: 'agent', name: RUNNER, callId: null, input: null, status: null, inside: null },
      { kind: 'llm', name: 'chat', callId: null, input: 100, status: 200, inside: RUNNER },
      { kind: 'tool', name: 'get_weather', callId: 'toolu_1', input: null, status: 200, inside: RUNNER },
      { kind: 'llm', name: 'chat', callId: null, input: 100, status: 200, inside: RUNNER },
    ]);
  });

  it('under a second instrumentation the call is still one, and counted once', async () => {
    new AnthropicInstrumentation().manuallyInstrument(Anthropic);
    const calls = await host.callsOf('twice', () => client.messages.create(ask('hi')));
    const second = '@arizeai/openinference-instrumentation-anthropic: Anthropic Messages';
    expect(host.emitted()).toEqual(expect.arrayContaining([HTTP, CHAT, second]));
    expect(seenOf(calls)).toEqual([answered]);
  });
});
