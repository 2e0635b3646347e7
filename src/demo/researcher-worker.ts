/** The demo's first agent: reads articles and notes, plans by child tasks, and reads a feed that is down at first. */
import { agentTools } from './agent-tools.ts';
import { hatchet, serveAgent, siteUrl } from './serve-agent.ts';

const tools = agentTools(siteUrl);

const lookUp = hatchet.task({
  name: 'look-up',
  fn: async ({ topic, article }: { topic: string; article: number }) => {
    await tools.read(`/articles/${article}`);
    return { note: await tools.searchNotes(topic) };
  },
});

const plan = hatchet.task({
  name: 'plan-release',
  fn: async (_input, ctx) => {
    const found = await lookUp.run([
      { topic: 'retries', article: 17 },
      { topic: 'cancellation', article: 42 },
    ]);
    // A task of the other agent: a child in another process, and in another file.
    await ctx.runChild('write-notes', {});
    return { notes: found.length };
  },
});

const feed = hatchet.task({ name: 'read-feed', retries: 2, fn: async () => ({ feed: await tools.read('/feed') }) });

await serveAgent('researcher', [lookUp, plan, feed]);
