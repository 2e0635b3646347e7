import { claudeHook } from '../claude-hook.ts';
import type { Command } from '../command.ts';
import { drainSpools } from '../drain-spools.ts';
import { CommandError, EXIT } from '../exit-code.ts';

export const hook: Command = {
  name: 'hook',
  usage: 'SOURCE',
  about:
    'What hooks run. `claude` takes one hook event of Claude Code from stdin (JSON) into the spool, or sends it to the receiver at AI_TRACKER_ENDPOINT (with AI_TRACKER_TOKEN) and spools it where that does not answer within 2 s; it prints nothing and exits 0, whatever comes. `drain` brings what hooks have spooled into its files and prints nothing.',
  options: {},
  examples: ['ai-tracker hook claude <event.json', 'ai-tracker hook drain'],
  arguments: [1, Number.POSITIVE_INFINITY],
  async run(context) {
    const { positionals, input, env, out } = context;
    const [source = ''] = positionals;
    switch (source) {
      // main.ts goes its own, shorter way there.
      case 'claude':
        await claudeHook(input, env);
        return EXIT.done;
      case 'drain':
        await drainSpools({ ...context, out: { ...out, note: () => {} } }, true);
        return EXIT.done;
      default:
        throw new CommandError(
          EXIT.usage,
          `there is no hook source ${JSON.stringify(source)}. Usage: ai-tracker hook claude | drain`,
        );
    }
  },
};
