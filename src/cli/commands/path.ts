import { existsSync } from 'node:fs';
import { locateFile, lookingProbe } from '../../store/agent-file.ts';
import { type Command, flagOption, PLACE_OPTIONS, textOption } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { isAnyImported } from '../imported.ts';
import { clean } from '../render/clean.ts';
import { jsonText } from '../render/json.ts';

export const path: Command = {
  name: 'path',
  usage: '[OPTIONS]',
  about:
    'Prints the file in which the rows of an agent lie or would lie, and on stderr which rule chose it. The agent is that of --agent, else AGENT_ID; without one, the file of a process that has no agent. Makes nothing.',
  options: {
    agent: { type: 'string', value: 'ID', doc: 'the agent, instead of AGENT_ID' },
    ...PLACE_OPTIONS,
    json: { type: 'boolean', doc: 'print path, reason and whether the file is there as JSON' },
  },
  examples: ['ai-tracker path --agent worker-7', 'sqlite3 "$(ai-tracker path)" .schema'],
  arguments: [0, 0],
  run(context) {
    const { settings, env, out } = context;
    const agentId = textOption(context, 'agent') ?? settings.agentId;
    const { path, reason, fallback, notice: told } = locateFile(agentId, settings, env, lookingProbe);
    // What it advises may be done already.
    const notice = told !== null && isAnyImported({ settings, env, agentId: null, nowMs: context.nowMs }) ? null : told;
    const option = textOption(context, 'db') !== null ? '--db' : textOption(context, 'dir') !== null ? '--dir' : null;
    const why = option ?? reason;
    const exists = existsSync(path);
    if (flagOption(context, 'json')) {
      out.write(jsonText({ path, reason: why, exists, agent_id: agentId, problem: fallback?.message ?? null, notice }));
      return EXIT.done;
    }
    out.write(`${clean(path)}\n`);
    const whose = agentId === null ? 'no agent is named (--agent or AGENT_ID)' : `agent ${agentId}`;
    out.note(`${whose}; chosen by: ${why}; ${exists ? 'the file is there' : 'the file is not there yet'}`);
    for (const message of [fallback?.message, notice]) if (message) out.note(message);
    return EXIT.done;
  },
};
