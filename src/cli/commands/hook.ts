import { claudeHook } from '../claude-hook.ts';
import type { Command } from '../command.ts';
import { drainSpools } from '../drain-spools.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { gitHook } from '../git-hook.ts';

export const hook: Command = {
  name: 'hook',
  usage: 'SOURCE [NAME [ARGS]]',
  about:
    'What hooks run. `claude` takes one hook event of Claude Code from stdin (JSON) into the spool, or sends it to the receiver at AI_TRACKER_ENDPOINT (with AI_TRACKER_TOKEN) and spools it where that does not answer within 2 s; it prints nothing and exits 0, whatever comes. `git` does the same with what one hook of git tells (its name and arguments, and what git gives it on stdin); it exits 0 too, and says in one line on stderr what could not be kept. `drain` brings what hooks have spooled into its files and prints nothing.',
  options: {},
  examples: ['ai-tracker hook claude <event.json', 'ai-tracker hook git post-commit', 'ai-tracker hook drain'],
  arguments: [1, Number.POSITIVE_INFINITY],
  async run(context) {
    const { positionals, input, env, out } = context;
    const [source = ''] = positionals;
    switch (source) {
      // main.ts goes its own, shorter way there.
      case 'claude':
        await claudeHook(input, env);
        return EXIT.done;
      case 'git': {
        const why = await gitHook(positionals.slice(1), input, env);
        if (why !== null) out.note(why);
        return EXIT.done;
      }
      case 'drain':
        await drainSpools({ ...context, out: { ...out, note: () => {} } }, true);
        return EXIT.done;
      default:
        throw new CommandError(
          EXIT.usage,
          `there is no hook source ${JSON.stringify(source)}. Usage: ai-tracker hook claude | git NAME [ARGS] | drain`,
        );
    }
  },
};
