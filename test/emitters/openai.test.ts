import { OpenAIInstrumentation } from '@arizeai/openinference-instrumentation-openai';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { bodyOf, sendEvents, sendJson, serve } from './loopback.ts';
import { type CallRow, executeTool, only, recordThisProcess } from './recorded-host.ts';

const host = recordThisProcess([new UndiciInstrumentation()]);
new OpenAIInstrumentation().manuallyInstrument(OpenAI);

const USAGE = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: { cached_tokens: 40 },
  completion_tokens_details: { reasoning_tokens: 5 },
};
const HEAD = { id: 'chatcmpl-1', created: 1, model: 'gpt-4o' };
const DONE = { index: 0, finish_reason: 'stop' };

/** How many requests a prompt has seen so far; the prompt says how the server behaves. */
const seen = new Map<string, number>();
const url = await serve((request, response) => {
  void (async () => {
    const body = await bodyOf(request);
    if (request.url?.endsWith('/embeddings') === true) {
      const data = [{ object: 'embedding', index: 0, embedding: [0.1, 0.2] }];
      sendJson(response, 200, {
        object: 'list',
        model: 'text-embedding-3-small',
        data,
        usage: { prompt_tokens: 8, total_tokens: 8 },
      });
      return;
    }
    const [first] = body['messages'] as { content: string }[];
    const prompt = String(first?.content);
    const count = (seen.get(prompt) ?? 0) + 1;
    seen.set(prompt, count);
    if (prompt === 'down' || (prompt === 'flaky' && count === 1)) {
      sendJson(response, 500, { error: { message: 'boom', type: 'server_error' } }, { 'retry-after-ms': '1' });
    } else if (body['stream'] === true) {
      const chunk = { ...HEAD, object: 'chat.completion.chunk' };
      sendEvents(response, [
        { data: { ...chunk, choices: [{ index: 0, delta: { role: 'assistant', content: 'sunny' }, finish_reason: null }] } },
        { data: { ...chunk, choices: [{ ...DONE, delta: {} }] } },
        { data: { ...chunk, choices: [], usage: USAGE } },
        { data: '[DONE]' },
      ]);
    } else {
      const choices = [{ ...DONE, message: { role: 'assistant', content: 'sunny' } }];
      sendJson(response, 200, { ...HEAD, object: 'chat.completion', choices, usage: USAGE });
    }
  })();
});

const client = new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 1 });
const ask = (content: string) => ({ model: 'gpt-4o', messages: [{ role: 'user' as const, content }] });

const answered = {
  kind: 'llm',
  name: 'chat',
  source: 'openinference',
  success: 1,
  status: 200,
  retries: 0,
  model: 'gpt-4o',
  input: 100,
  cacheRead: 40,
  output: 20,
  reasoning: 5,
  costSource: 'estimated',
};
const silent = { ...answered, input: null, cacheRead: null, output: null, reasoning: null, costSource: null };
const seenOf = (calls: readonly CallRow[]) => only(calls, ...(Object.keys(answered) as (keyof typeof answered)[]));
const HTTP = '@opentelemetry/instrumentation-undici: POST';
const CHAT = '@arizeai/openinference-instrumentation-openai: OpenAI Chat Completions';

describe('the OpenAI SDK under OpenInference, over an instrumented fetch', () => {
  it('a call is one row, its request folded in', async () => {
    const calls = await host.callsOf('plain', () => client.chat.completions.create(ask('hi')));
    expect(host.emitted()).toEqual(expect.arrayContaining([HTTP, CHAT]));
    expect(seenOf(calls)).toEqual([answered]);
  });

  it('a resend is a retry of the same call', async () => {
    const calls = await host.callsOf('flaky', () => client.chat.completions.create(ask('flaky')));
    expect(host.emitted().filter((span) => span === HTTP)).toHaveLength(2);
    expect(seenOf(calls)).toEqual([{ ...answered, retries: 1 }]);
  });

  it('of a stream this emitter states no tokens, not even where they were asked for: unknown, not zero', async () => {
    const calls = await host.callsOf('stream', async () => {
      const stream = await client.chat.completions.create({
        ...ask('go'),
        stream: true,
        stream_options: { include_usage: true },
      });
      for await (const _ of stream);
    });
    expect(seenOf(calls)).toEqual([silent]);
  });

  it('embeddings are a model call, of which this emitter states no tokens', async () => {
    const calls = await host.callsOf('embed', () =>
      client.embeddings.create({ model: 'text-embedding-3-small', input: 'hi', encoding_format: 'float' }),
    );
    expect(only(calls, 'kind', 'name', 'model', 'input', 'output', 'success')).toEqual([
      { kind: 'llm', name: 'embeddings', model: 'text-embedding-3-small', input: null, output: null, success: 1 },
    ]);
  });

  it('a call made by a tool stands inside that tool and keeps its own tokens', async () => {
    const calls = await host.callsOf('in-tool', () => executeTool('summarise', () => client.chat.completions.create(ask('hi'))));
    expect(only(calls, 'kind', 'name', 'input', 'status', 'inside')).toEqual([
      { kind: 'tool', name: 'summarise', input: null, status: null, inside: null },
      { kind: 'llm', name: 'chat', input: 100, status: 200, inside: 'summarise' },
    ]);
  });

  it('a call that fails ends no span of this emitter: what is known of it are its requests', async () => {
    const calls = await host.callsOf('down', () => client.chat.completions.create(ask('down')).catch(() => null));
    expect(host.emitted()).not.toContain(CHAT);
    const request = { kind: 'http', success: 0, status: 500, match: 'ancestor' };
    expect(only(calls, 'kind', 'success', 'status', 'match')).toEqual([request, request]);
  });
});
