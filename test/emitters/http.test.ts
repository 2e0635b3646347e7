import http from 'node:http';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { describe, expect, it } from 'vitest';
import { nobody, serve } from './loopback.ts';
import { type CallRow, executeTool, only, recordThisProcess } from './recorded-host.ts';

const host = recordThisProcess([new HttpInstrumentation(), new UndiciInstrumentation()]);

let reached = (): void => {};
/** The path says how the server behaves: a status, or silence. */
const url = await serve((request, response) => {
  const status = Number(new URL(request.url ?? '/', 'http://x').pathname.split('/')[1]);
  if (status > 0) response.writeHead(status).end('{}');
  else reached();
});
const { host: authority } = new URL(url);
const closed = await nobody();

type Request = (url: string, signal?: AbortSignal) => Promise<void>;

const byFetch: Request = async (target, signal) => {
  const response = await fetch(target, { ...(signal === undefined ? {} : { signal }) });
  await response.text();
};
const byNode: Request = (target, signal) =>
  new Promise((resolve, reject) => {
    const request = http.get(target, { ...(signal === undefined ? {} : { signal }) }, (response) => {
      response.resume().on('end', resolve).on('error', reject);
    });
    request.on('error', reject);
  });

/** Gives up once the server has the request. */
async function aborted(request: Request, target: string): Promise<void> {
  const controller = new AbortController();
  reached = () => controller.abort();
  await request(target, controller.signal);
}

const SERVER = '@opentelemetry/instrumentation-http: GET';

for (const { name, client, request, abort } of [
  {
    name: 'fetch under instrumentation-undici',
    client: '@opentelemetry/instrumentation-undici: GET',
    request: byFetch,
    // The conventions leave a caller's own abort UNSET, and this emitter keeps to them: no failure is known.
    abort: { success: 1, error: null },
  },
  {
    name: 'node:http under instrumentation-http',
    client: SERVER,
    request: byNode,
    abort: { success: 0, error: 'AbortError' },
  },
]) {
  const callsOf = (what: string, work: () => Promise<unknown>): Promise<CallRow[]> =>
    host.callsOf(`${what} ${name}`, () => work().catch(() => null));

  describe(`by ${name}`, () => {
    it('a request that its server records too is one row, without query and ids', async () => {
      const calls = await callsOf('plain', () => request(`${url}/200/items?token=secret`));
      // The server's span ends when its connection is done with the answer, which may be after the client is.
      const both = (): string[] => host.emitted().filter((span) => span === SERVER || span === client);
      await expect.poll(() => both().sort()).toEqual([SERVER, client].sort());
      expect(only(calls, 'kind', 'name', 'success', 'status', 'error', 'match')).toEqual([
        { kind: 'http', name: `GET ${authority}/*/items`, success: 1, status: 200, error: null, match: 'ancestor' },
      ]);
    });

    it('answers of 400 and above are failures', async () => {
      const calls = await callsOf('answers', async () => {
        await request(`${url}/404`);
        await request(`${url}/503`);
      });
      expect(only(calls, 'success', 'status', 'error')).toEqual([
        { success: 0, status: 404, error: '404' },
        { success: 0, status: 503, error: '503' },
      ]);
    });

    it('a refused connection is a failure without a status', async () => {
      const calls = await callsOf('refused', () => request(`${closed}/none`));
      expect(only(calls, 'success', 'status', 'error')).toEqual([{ success: 0, status: null, error: 'ECONNREFUSED' }]);
    });

    it('a timeout is a failure, whatever the server that was left says', async () => {
      const calls = await callsOf('timeout', () => request(`${url}/silent`, AbortSignal.timeout(50)));
      expect(only(calls, 'kind', 'success', 'status')).toEqual([{ kind: 'http', success: 0, status: null }]);
      expect(calls[0]?.error).toMatch(/^(Timeout|Abort)Error$/);
    });

    it("a caller's own abort is what the emitter says that it is", async () => {
      const calls = await callsOf('abort', () => aborted(request, `${url}/silent`));
      expect(only(calls, 'success', 'error')).toEqual([abort]);
    });

    it('a retry by the application is a request of its own', async () => {
      const calls = await callsOf('retry', async () => {
        await request(`${url}/503`);
        await request(`${url}/200`);
      });
      expect(only(calls, 'kind', 'success', 'status')).toEqual([
        { kind: 'http', success: 0, status: 503 },
        { kind: 'http', success: 1, status: 200 },
      ]);
    });

    it('requests of a tool have no rows: the tool has the status of the last', async () => {
      const calls = await callsOf('tool', async () => {
        await executeTool('search', async () => {
          await request(`${url}/503`);
          await request(`${url}/200`);
        });
        await executeTool('fetch_page', () => request(`${closed}/none`));
      });
      expect(host.emitted().filter((span) => span === client).length).toBeGreaterThanOrEqual(3);
      expect(only(calls, 'kind', 'name', 'success', 'status')).toEqual([
        { kind: 'tool', name: 'search', success: 1, status: 200 },
        { kind: 'tool', name: 'fetch_page', success: 0, status: null },
      ]);
    });
  });
}

it('nothing of the servers is a row, and no span is left over', async () => {
  expect(await host.rows("select count(*) as n from tool_calls where tool_name like '%silent%'")).toEqual([{ n: 4 }]);
  expect(await host.rows('select count(*) as n from tool_calls where task_execution_id is null')).toEqual([{ n: 0 }]);
});
