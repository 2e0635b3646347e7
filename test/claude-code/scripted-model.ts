import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ToolUse {
  readonly id: string;
  readonly name: string;
  readonly input: object;
}

/** What the model says in one conversation: a turn's tools at once, turn after turn, then a closing word. */
export interface Script {
  /** Words of the message that opens it; a sub-agent's are those of its prompt. */
  readonly opensWith: string;
  readonly turns: readonly (readonly ToolUse[])[];
}

export interface ScriptedModel {
  /** What `ANTHROPIC_BASE_URL` names. */
  readonly url: string;
  /** What could not be answered by any script; a test expects none. */
  readonly strays: readonly string[];
}

interface Message {
  readonly role: string;
  readonly content: unknown;
}

/**
 * The Messages API on loopback. It keeps no state: the turn is the count of answers that the request repeats.
 * @param onResults sees the tools of a turn when Claude Code has sent their results, which is after their hooks; the next turn waits
 */
export async function scriptedModel(
  scripts: readonly Script[],
  onResults: (tools: readonly ToolUse[]) => void | Promise<void>,
): Promise<ScriptedModel> {
  const strays: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method !== 'POST' || !request.url?.startsWith('/v1/messages')) {
        response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
        return;
      }
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { model: string; messages: Message[]; tools?: unknown[] };
      if (request.url.startsWith('/v1/messages/count_tokens')) {
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"input_tokens":10}');
        return;
      }
      const opening = JSON.stringify(body.messages.find(({ role }) => role === 'user')?.content ?? '');
      const script = scripts.find(({ opensWith }) => opening.includes(opensWith));
      if (script === undefined) strays.push(opening.slice(0, 2000));
      // Titles and the like are asked for without tools.
      const turns = body.tools === undefined || body.tools.length === 0 ? [] : (script?.turns ?? []);
      const turn = turns.length === 0 ? 0 : body.messages.filter(({ role }) => role === 'assistant').length;
      const before = turns[turn - 1];
      const reply = (): void => answer(response, body.model, turns[turn] ?? []);
      if (before === undefined) reply();
      else void Promise.resolve(onResults(before)).then(reply, (error: unknown) => response.destroy(error as Error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, strays };
}

let answers = 0;

function answer(response: ServerResponse, model: string, tools: readonly ToolUse[]): void {
  const id = ++answers;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${id}` });
  const send = (type: string, fields: object): void => {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
  };
  const usage = { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 };
  const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model, content: [], stop_reason: null, usage };
  send('message_start', { message: { ...message, stop_sequence: null } });
  const blocks =
    tools.length === 0
      ? [{ block: { type: 'text', text: '' }, delta: { type: 'text_delta', text: 'Done.' } }]
      : tools.map((tool) => ({
          block: { type: 'tool_use', id: tool.id, name: tool.name, input: {} },
          delta: { type: 'input_json_delta', partial_json: JSON.stringify(tool.input) },
        }));
  for (const [index, { block, delta }] of blocks.entries()) {
    send('content_block_start', { index, content_block: block });
    send('content_block_delta', { index, delta });
    send('content_block_stop', { index });
  }
  send('message_delta', { delta: { stop_reason: tools.length === 0 ? 'end_turn' : 'tool_use', stop_sequence: null }, usage });
  send('message_stop', {});
  response.end();
}
