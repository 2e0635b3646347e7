import { namesAgent, RESOURCE_ATTRIBUTES } from '../hook/install/agent-env.ts';
import { isObject, type JsonObject } from '../hook/install/settings-text.ts';
import { type Context, textOption } from './command.ts';
import { word } from './doctor/findings.ts';
import { CommandError, EXIT } from './exit-code.ts';

/** Whose rows Claude Code's are to be. @throws {CommandError} */
export function agentOption(context: Context): string | null {
  const agentId = textOption(context, 'agent');
  if (agentId === null || /^[^\s$\p{Cc}]([^$\p{Cc}]*[^\s$\p{Cc}])?$/u.test(agentId)) return agentId;
  throw new CommandError(
    EXIT.usage,
    `--agent takes a name, such as anna-laptop, not ${JSON.stringify(agentId)}; settings hold no variables of a shell`,
  );
}

/** How settings and the environment of `install` name the agent. */
export interface AgentNaming {
  /** The settings as they are to be. */
  readonly settings: JsonObject;
  /** `--agent`, of this run or an earlier one. */
  readonly agentId: string | null;
  /** Whether telemetry is sent by variables of ours. */
  readonly telemetry: boolean;
  /** They hold for whoever shares them. */
  readonly isShared: boolean;
  readonly env: NodeJS.ProcessEnv;
}

/** What keeps hooks and telemetry from one agent's file, and what to do about it. A paragraph each. */
export function agentRemarks({ settings, agentId, telemetry, isShared, env }: AgentNaming): string[] {
  const inSettings = (name: string): string | undefined => {
    const value = isObject(settings['env']) ? settings['env'][name] : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const named = inSettings('AGENT_ID');
  const attributes = inSettings(RESOURCE_ATTRIBUTES) ?? env[RESOURCE_ATTRIBUTES];
  const said: string[] = [];
  if (agentId !== null && isShared) said.push(`Whoever shares these settings records as ${agentId}.`);
  if (agentId !== null && named !== agentId)
    said.push(`The edits stay ${named}’s, whom env.AGENT_ID names: change it by hand, or name ${named} with --agent.`);
  if (!telemetry || namesAgent(attributes)) return said;
  if (agentId !== null) {
    const wanted = `agent.id=${encodeURIComponent(agentId)}`;
    return [...said, `Telemetry names no agent, so its rows wait and end in \`unassigned\`: ${addByHand(attributes, wanted)}.`];
  }
  if (named === undefined && env['AGENT_ID']) return [...said, OF_VARIABLE];
  return [...said, `${NAMELESS} ai-tracker install --telemetry --agent ${named === undefined ? 'NAME' : word(named)}`];
}

const addByHand = (attributes: string | undefined, wanted: string): string =>
  `put ${JSON.stringify(attributes ? `${attributes},${wanted}` : wanted)} into env.${RESOURCE_ATTRIBUTES} by hand`;

const NAMELESS =
  'Telemetry names no agent: its rows wait for one and end in `unassigned`, and costs are not beside the edits. This mends it:';

/** Settings hold no variables, and what holds for every container of an image must not name one of them. */
const OF_VARIABLE =
  'Telemetry names no agent: AGENT_ID is only known to the hooks, so its rows wait and end in `unassigned`. Where Claude Code is started (the entrypoint): export OTEL_RESOURCE_ATTRIBUTES=agent.id=$AGENT_ID. On a machine of one agent: ai-tracker install --telemetry --agent NAME';
