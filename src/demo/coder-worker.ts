/** The demo's second agent: writes, runs tests that fail, and is stopped in the middle of a long refactoring. */
import { setTimeout as sleep } from 'node:timers/promises';
import { agentTools } from './agent-tools.ts';
import { hatchet, serveAgent, siteUrl } from './serve-agent.ts';
import { executeTool } from './tool-spans.ts';

const tools = agentTools(siteUrl);

const write = hatchet.task({
  name: 'write-notes',
  fn: async () => {
    await tools.searchNotes('retries');
    await executeTool('write_file', 'call_1', () => sleep(15));
    return { written: true };
  },
});

const test = hatchet.task({
  name: 'run-tests',
  fn: async () => {
    await executeTool('run_tests', 'call_1', async () => {
      await sleep(25);
      throw new Error('2 of 40 tests failed');
    });
    return {};
  },
});

const refactor = hatchet.task({
  name: 'long-refactor',
  executionTimeout: '10m',
  fn: async (_input, { abortController: { signal } }) => {
    await executeTool('read_file', 'call_1', () => sleep(10));
    await executeTool('think', 'call_2', () => sleep(600_000, undefined, { signal }));
    return {};
  },
});

await serveAgent('coder', [write, test, refactor]);
