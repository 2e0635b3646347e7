import { firstText, text } from '../dialect/attributes.ts';
import type { Settings } from '../model/settings.ts';
import type { Origin, SpanRecord } from '../model/span-record.ts';

/** Resources whose `service.name` is a tool that agents use, not an agent. */
const TOOLS_OF_AGENTS: ReadonlySet<string> = new Set([
  'claude-code',
  'codex',
  'codex-cli',
  'gemini-cli',
  'copilot-chat',
  'github-copilot',
  'github-copilot-cli',
  'claude-platform',
]);

const AGENT_RESOURCE = ['agent.id', 'gen_ai.main_agent.id', 'gen_ai.agent.id'] as const;

/** The agent that the span itself or its resource names; null: others may know. */
export function statedAgent(span: SpanRecord, agentAttributes: readonly string[] | null): string | null {
  const own = span.attributes;
  const resource = span.resource.attributes;
  if (agentAttributes !== null) return firstText(own, agentAttributes) ?? firstText(resource, agentAttributes);
  const stated = text(own, 'agent.id') ?? firstText(resource, AGENT_RESOURCE);
  if (stated !== null) return stated;
  // agent-swarm's workers and leads run with their agent's stable id as instance; its API's is random at every start.
  const role = text(resource, 'agentswarm.service.role');
  return role === 'worker' || role === 'lead' ? text(resource, 'service.instance.id') : null;
}

/** Codex names its service after the front end: codex_cli_rs, codex_exec, codex_vscode, codex_mcp_server. */
const isToolOfAgents = (service: string): boolean => TOOLS_OF_AGENTS.has(service) || service.startsWith('codex_');

/** The service as a last resort: not where nobody named it, nor where it is a tool that some agent uses. */
export function agentByService(span: SpanRecord): string | null {
  const service = text(span.resource.attributes, 'service.name');
  return service === null || service.startsWith('unknown_service') || isToolOfAgents(service.toLowerCase()) ? null : service;
}

/** Agents of recent traces: an ancestor's agent is that of the spans below it. About 200 bytes a span. */
const REMEMBERED_TRACES = 20_000;

/** What a file remembers of a span: enough to find the agent of those below it. */
export interface KnownSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly agentId: string;
}

/** Whose rows these are, and by which rule their file is found. */
export type Agent =
  | { readonly kind: 'named'; readonly id: string }
  /** A process that has no agent id and whose spans name none. */
  | { readonly kind: 'none'; readonly id: 'default' }
  /** Nobody claimed the rows in time. */
  | { readonly kind: 'unassigned'; readonly id: 'unassigned' };

export const NO_AGENT: Agent = { kind: 'none', id: 'default' };
export const UNASSIGNED: Agent = { kind: 'unassigned', id: 'unassigned' };

/** An agent may be called `default`: its file is another than that of a process without an agent. */
export const agentKey = (agent: Agent): string => (agent.kind === 'named' ? `=${agent.id}` : agent.kind);

export const agentNamed = (id: string | null): Agent => (id === null ? NO_AGENT : { kind: 'named', id });

interface TraceAgents {
  readonly bySpan: Map<string, { readonly agent: string | null; readonly parent: string | null }>;
  readonly agents: Set<string>;
}

/** Finds the agent of each span of a batch, with what earlier batches told of the same traces. */
export class AgentFinder {
  readonly #settings: Settings;
  readonly #traces = new Map<string, TraceAgents>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** The agent of each span, in the order of the batch; null: not known yet, the rows wait. */
  find(spans: readonly SpanRecord[], origin: Origin): (Agent | null)[] {
    if (origin.agentId !== null) {
      const stated = agentNamed(origin.agentId);
      return spans.map(() => stated);
    }
    const stated = spans.map((span) => statedAgent(span, this.#settings.agentAttributes));
    spans.forEach((span, i) => this.#learn(span.traceId, span.spanId, span.parentSpanId, stated[i] ?? null));
    const found = spans.map((span, i) => {
      const id = stated[i] ?? this.#aroundOf(span) ?? agentByService(span);
      return id === null ? this.#lastResort(origin) : agentNamed(id);
    });
    this.#forgetOld();
    return found;
  }

  #lastResort(origin: Origin): Agent | null {
    if (origin.door === 'process') return NO_AGENT;
    return origin.door === 'file' && this.#settings.agentId !== null ? agentNamed(this.#settings.agentId) : null;
  }

  /** Takes over what a file remembers of a span: what was told before this process started, or to another one. */
  learn(known: KnownSpan): void {
    this.#learn(known.traceId, known.spanId, known.parentSpanId, known.agentId);
  }

  #learn(traceId: string, spanId: string, parent: string | null, agent: string | null): void {
    let trace = this.#traces.get(traceId);
    if (trace === undefined) this.#traces.set(traceId, (trace = { bySpan: new Map(), agents: new Set() }));
    trace.bySpan.set(spanId, { agent, parent });
    if (agent !== null) trace.agents.add(agent);
  }

  /** The nearest ancestor's, else the only one of the trace. */
  #aroundOf(span: SpanRecord): string | null {
    const trace = this.#traces.get(span.traceId);
    if (trace === undefined) return null;
    let at = span.parentSpanId;
    for (let depth = 0; at !== null && depth < 512; depth++) {
      const above = trace.bySpan.get(at);
      if (above === undefined) break;
      if (above.agent !== null) return above.agent;
      at = above.parent;
    }
    const [only, second] = trace.agents;
    return only !== undefined && second === undefined ? only : null;
  }

  #forgetOld(): void {
    for (const traceId of this.#traces.keys()) {
      if (this.#traces.size <= REMEMBERED_TRACES) return;
      this.#traces.delete(traceId);
    }
  }
}
