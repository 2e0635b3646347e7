import { conversationAround } from '../dialect/conversation.ts';
import type { Settings } from '../model/settings.ts';
import type { Origin, SpanRecord } from '../model/span-record.ts';
import { type AgentClaim, AgentClaims, CLAIM, type Claim } from './agent-claims.ts';
import { type Agent, agentByService, agentNamed, NO_AGENT, statedAgent } from './agent-of.ts';

/** Spans of recent traces, about 300 bytes each. What was forgotten is asked of the index and of the agents' files again. */
const REMEMBERED_SPANS = 80_000;
const REMEMBERED_TRACES = 20_000;
const REMEMBERED_CONVERSATIONS = 20_000;
/** Agents of which one object stands for all of their spans. */
const REMEMBERED_AGENTS = 10_000;
/** Longer chains, and chains that go in a circle, count as cut. */
const LONGEST_CHAIN = 512;

/**
 * What may be concluded of a span that names no agent while something above it is missing:
 * `certain` nothing; `likely` what its trace and its conversation tell; `last` also its service.
 */
export type Conclusion = 'certain' | 'likely' | 'last';

export type Decision =
  | { readonly status: 'found'; readonly agent: Agent }
  /** `next`: the conclusion that would name an agent; null: none would, somebody has to name it first. */
  | { readonly status: 'waits'; readonly next: 'likely' | 'last' | null };

/** What an agent's file remembers of a span. */
export interface KnownSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly agentId: string;
}

export interface FreshClaim extends AgentClaim {
  readonly of: 'trace' | 'conversation';
  readonly key: string;
}

/** What is remembered on disk, by this process or by one before it. */
export interface PastAgents {
  /** null: it cannot be read now. */
  claims(of: 'trace' | 'conversation', key: string): readonly AgentClaim[] | null;
  /** Whether the agent's file remembers the span. */
  hasSpan(agentId: string, traceId: string, spanId: string): boolean;
}

interface Found {
  readonly id: string;
  readonly claim: Claim;
  readonly decision: Decision;
}

interface Place {
  readonly parent: string | null;
  readonly service: string | null;
  readonly conversation: string | null;
  found: Found | null;
}

interface Trace {
  readonly places: Map<string, Place>;
  /** Services that took spans of this trace after a wait: those that follow do not wait again. */
  settled: Set<string> | null;
  /** Spans that no agent's file remembers, so that each is asked for once. */
  absent: Set<string> | null;
}

const found = (agent: Agent): Decision => ({ status: 'found', agent });

/**
 * Finds the agent of each span: the one that it states; that of the nearest ancestor; the only one that is named in its
 * trace, then in its conversation; its service. What holds for an ancestor holds for all below it: another service's span
 * below an agent's call is that agent's.
 *
 * While an ancestor is missing its word is waited for (the caller says for how long), else the order in which batches come
 * would decide. Only a root's service counts at once.
 */
export class AgentFinder {
  readonly #settings: Settings;
  readonly #past: PastAgents;
  readonly #traces = new Map<string, Trace>();
  readonly #ofTraces: AgentClaims;
  readonly #ofConversations: AgentClaims;
  /** By claim and agent. */
  readonly #found = [new Map<string, Found>(), new Map<string, Found>(), new Map<string, Found>()] as const;
  #fresh: FreshClaim[] = [];
  #news = new Set<string>();
  #size = 0;

  constructor(settings: Settings, past: PastAgents) {
    this.#settings = settings;
    this.#past = past;
    this.#ofTraces = new AgentClaims(
      REMEMBERED_TRACES,
      (key) => past.claims('trace', key),
      (key, claim) => this.#fresh.push({ of: 'trace', key, ...claim }),
    );
    this.#ofConversations = new AgentClaims(
      REMEMBERED_CONVERSATIONS,
      (key) => past.claims('conversation', key),
      (key, claim) => {
        this.#fresh.push({ of: 'conversation', key, ...claim });
        this.#news.add(key);
      },
    );
  }

  /** One decision per span, by what all of them and all earlier ones tell. */
  find(spans: readonly SpanRecord[], origin: Origin, conclusion: Conclusion): Decision[] {
    if (origin.agentId !== null) {
      const stated = found(agentNamed(origin.agentId));
      return spans.map(() => stated);
    }
    for (const span of spans) this.take(span);
    return spans.map((span) => this.decide(span, origin, conclusion));
  }

  /** Takes a span up: as an ancestor of others, and as a witness where it states its agent. */
  take(span: SpanRecord): void {
    const trace = this.#trace(span.traceId);
    if (trace.places.has(span.spanId)) return;
    const stated = statedAgent(span, this.#settings.agentAttributes);
    const place = this.#place(trace, span.spanId, {
      parent: span.parentSpanId,
      service: stated === null ? agentByService(span) : null,
      conversation: conversationAround(span.attributes),
      found: null,
    });
    if (stated !== null) this.#witness(span.traceId, place, this.#foundAs(stated, CLAIM.named));
  }

  /** Takes over what a file remembers of a span: what was told before this process started, or to another one. */
  learn({ traceId, spanId, parentSpanId, agentId }: KnownSpan): void {
    const trace = this.#trace(traceId);
    const known = trace.places.get(spanId);
    if (known !== undefined && known.found !== null) return;
    const place = known ?? this.#place(trace, spanId, { parent: parentSpanId, service: null, conversation: null, found: null });
    // An agent of which nothing else is known was named to the process that wrote the file.
    const claim = this.#ofTraces.of(traceId).get(agentId) ?? CLAIM.named;
    this.#witness(traceId, place, this.#foundAs(agentId, claim === CLAIM.named ? claim : CLAIM.service));
  }

  /** Somebody who knows says whose conversation it is. */
  learnConversation(conversationId: string, agentId: string): void {
    this.#ofConversations.put(conversationId, agentId, CLAIM.named);
  }

  decide(span: SpanRecord, origin: Origin, conclusion: Conclusion): Decision {
    const { traceId, spanId } = span;
    const trace = this.#trace(traceId);
    const own = trace.places.get(spanId) ?? this.#taken(span, trace);
    if (own.found === null) own.found = this.#remembered(trace, traceId, spanId);
    if (own.found !== null) return own.found.decision;
    // Upwards, to the nearest whose agent is known.
    let top = own;
    let service = own.service;
    let isWhole = true;
    for (let depth = 0; top.parent !== null; depth++) {
      const above = depth < LONGEST_CHAIN ? this.#above(trace, traceId, top.parent) : undefined;
      if (above === undefined) {
        isWhole = false;
        break;
      }
      if (above.found !== null) return this.#conclude(span, own, above.found);
      top = above;
      service = above.service ?? service;
    }
    const mayGuess = isWhole || conclusion !== 'certain';
    const named = this.#guess(traceId, own, top, CLAIM.named);
    if (named !== null && mayGuess) return this.#conclude(span, own, this.#foundAs(named, CLAIM.named));
    const isRoots = isWhole && top.service !== null;
    const isSettled = named === null && service !== null && trace.settled?.has(service) === true;
    if (service !== null && (isRoots || isSettled || conclusion === 'last')) {
      if (!isRoots) (trace.settled ??= new Set()).add(service);
      return this.#conclude(span, own, this.#foundAs(service, CLAIM.service));
    }
    const byService = service === null ? this.#guess(traceId, own, top, CLAIM.service) : null;
    if (byService !== null && mayGuess) return this.#conclude(span, own, this.#foundAs(byService, CLAIM.service));
    const resort = this.#lastResort(origin);
    if (resort !== null && service === null && (own.parent === null || conclusion === 'last')) {
      if (resort.kind === 'named') return this.#conclude(span, own, this.#foundAs(resort.id, CLAIM.rows));
      return found(resort);
    }
    if (named !== null || byService !== null) return { status: 'waits', next: 'likely' };
    return { status: 'waits', next: service !== null || resort !== null ? 'last' : null };
  }

  /** Conversations whose agents have changed since this was last asked. */
  takeNews(): ReadonlySet<string> {
    const news = this.#news;
    if (news.size > 0) this.#news = new Set();
    return news;
  }

  /** What a process after this one should know. */
  get freshClaims(): readonly FreshClaim[] {
    return this.#fresh;
  }

  /** The claims are on disk. */
  dropFresh(): void {
    this.#fresh = [];
  }

  /** Between batches: forgets the traces that were met first until there is room. */
  trim(): void {
    for (const [traceId, { places }] of this.#traces) {
      if (this.#size <= REMEMBERED_SPANS) break;
      this.#traces.delete(traceId);
      this.#ofTraces.forget(traceId);
      this.#size -= places.size;
    }
    this.#ofTraces.trim();
    this.#ofConversations.trim();
  }

  #taken(span: SpanRecord, trace: Trace): Place {
    this.take(span);
    return trace.places.get(span.spanId) as Place;
  }

  #lastResort(origin: Origin): Agent | null {
    if (origin.door === 'process' || origin.door === 'hook') return NO_AGENT;
    return origin.door === 'file' && this.#settings.agentId !== null ? agentNamed(this.#settings.agentId) : null;
  }

  #guess(traceId: string, own: Place, top: Place, claim: Claim): string | null {
    const byTrace = this.#ofTraces.only(traceId, claim);
    if (byTrace !== null) return byTrace;
    for (const { conversation } of own === top ? [own] : [top, own]) {
      const agent = conversation === null ? null : this.#ofConversations.only(conversation, claim);
      if (agent !== null) return agent;
    }
    return null;
  }

  #conclude({ traceId }: SpanRecord, own: Place, agent: Found): Decision {
    this.#witness(traceId, own, agent);
    return agent.decision;
  }

  #foundAs(id: string, claim: Claim): Found {
    const known = this.#found[claim];
    let agent = known.get(id);
    if (agent === undefined) {
      if (known.size >= REMEMBERED_AGENTS) known.clear();
      known.set(id, (agent = { id, claim, decision: found(agentNamed(id)) }));
    }
    return agent;
  }

  /** From here on the span speaks for those below it, for its trace and for its conversation. */
  #witness(traceId: string, place: Place, agent: Found): void {
    place.found = agent;
    const isService = agent.claim === CLAIM.service;
    // Of services only the root's: what is above all others.
    this.#ofTraces.put(traceId, agent.id, isService && place.parent !== null ? CLAIM.rows : agent.claim);
    // A service speaks by its own spans only: what stands below it may be a harness that several share.
    if (place.conversation !== null && (agent.claim === CLAIM.named || (isService && place.service === agent.id)))
      this.#ofConversations.put(place.conversation, agent.id, agent.claim);
  }

  #above(trace: Trace, traceId: string, spanId: string): Place | undefined {
    const known = trace.places.get(spanId);
    if (known !== undefined) return known;
    const agent = this.#remembered(trace, traceId, spanId);
    if (agent === null) return undefined;
    return this.#place(trace, spanId, { parent: null, service: null, conversation: null, found: agent });
  }

  /** The agent whose file has the span: from before a restart, or from before it was forgotten here. */
  #remembered(trace: Trace, traceId: string, spanId: string): Found | null {
    const past = this.#ofTraces.past(traceId);
    if (past.length === 0 || trace.absent?.has(spanId) === true) return null;
    for (const { agentId, claim } of past) {
      if (!this.#past.hasSpan(agentId, traceId, spanId)) continue;
      return this.#foundAs(agentId, claim === CLAIM.named ? CLAIM.named : CLAIM.service);
    }
    (trace.absent ??= new Set()).add(spanId);
    return null;
  }

  #place(trace: Trace, spanId: string, place: Place): Place {
    trace.places.set(spanId, place);
    this.#size++;
    return place;
  }

  #trace(traceId: string): Trace {
    let trace = this.#traces.get(traceId);
    if (trace === undefined) {
      trace = { places: new Map(), settled: null, absent: null };
      this.#traces.set(traceId, trace);
    }
    return trace;
  }
}
