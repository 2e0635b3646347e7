import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseWorkflowDeclaration, HatchetClient } from '@hatchet-dev/typescript-sdk/index.js';
import { NonRetryableError } from '@hatchet-dev/typescript-sdk/v1/task.js';
import { type CoderOrder, startCoder } from './start-coder.ts';

/** One workflow for every way in which a Hatchet task can end; names say which. */
export function declareTasks(hatchet: HatchetClient): BaseWorkflowDeclaration<any, any>[] {
  const ok = hatchet.task({ name: 'ok', fn: () => ({ fine: true }) });
  const waitForAbort = (signal: AbortSignal): Promise<void> => sleep(60_000, undefined, { signal });

  const dag = hatchet.workflow({ name: 'Dag' });
  const extract = dag.task({ name: 'Extract', fn: () => ({ rows: 3 }) });
  const validate = dag.task({ name: 'Validate', fn: () => ({ valid: true }) });
  dag.task({ name: 'Load', parents: [extract, validate], fn: () => ({ loaded: true }) });

  const brokenDag = hatchet.workflow({ name: 'broken-dag' });
  const first = brokenDag.task({
    name: 'first',
    fn: (): { never: boolean } => {
      throw new Error('first is broken');
    },
  });
  brokenDag.onFailure({ name: 'clean-up', fn: () => ({ cleaned: true }) });
  brokenDag.task({ name: 'second', parents: [first], fn: () => ({ never: true }) });

  const child = hatchet.task({
    name: 'child',
    fn: (input: { fail?: boolean }) => {
      if (input.fail) throw new Error('child is broken');
      return { child: true };
    },
  });

  return [
    ok,
    dag,
    brokenDag,
    child,
    hatchet.task({
      name: 'throws',
      fn: () => {
        throw new TypeError('no such invoice');
      },
    }),
    hatchet.task({
      name: 'non-retryable',
      retries: 3,
      fn: () => {
        throw new NonRetryableError('give up');
      },
    }),
    hatchet.task({
      name: 'flaky',
      retries: 3,
      fn: (_input, ctx) => {
        if (ctx.retryCount() < 2) throw new Error(`attempt ${ctx.retryCount()} failed`);
        return { done: true };
      },
    }),
    hatchet.task({
      name: 'throws-string',
      fn: () => {
        // oxlint-disable-next-line no-throw-literal -- what users' code does, and what spans cannot show
        throw 'a plain string';
      },
    }),
    hatchet.task({ name: 'sleeper', executionTimeout: '60s', fn: (_input, ctx) => waitForAbort(ctx.abortController.signal) }),
    hatchet.task({
      name: 'ignores-abort',
      executionTimeout: '60s',
      fn: async (_input, ctx) => {
        await waitForAbort(ctx.abortController.signal).catch(() => undefined);
        await sleep(50);
        return { swallowed: true };
      },
    }),
    hatchet.durableTask({
      name: 'durable',
      fn: async (_input, ctx) => {
        await ctx.sleepFor('1s');
        return { woken: true };
      },
    }),
    hatchet.task({ name: 'too-slow', executionTimeout: '1s', fn: (_input, ctx) => waitForAbort(ctx.abortController.signal) }),
    hatchet.task({
      name: 'cancels-itself',
      fn: async (_input, ctx) => {
        await ctx.cancel();
        return { unseen: true };
      },
    }),
    hatchet.task({ name: 'parent', fn: async (input: { fail?: boolean }) => ({ ...(await child.run(input)) }) }),
    hatchet.task({
      name: 'starts-a-coder',
      fn: async (input: CoderOrder) => {
        await startCoder(input);
        return { coded: true };
      },
    }),
    hatchet.task({
      name: 'bulk-parent',
      fn: async () => ({ children: (await child.run([{}, {}, {}])).length }),
    }),
  ];
}
