/**
 * How well it is known that a trace or a conversation is an agent's: `rows` only went to its file; by the `service` of its
 * root; somebody `named` the agent.
 */
export const CLAIM = { rows: 0, service: 1, named: 2 } as const;
export type Claim = (typeof CLAIM)[keyof typeof CLAIM];

export interface AgentClaim {
  readonly agentId: string;
  readonly claim: Claim;
}

interface Known {
  readonly claims: Map<string, Claim>;
  /** Who claimed it in the past; null: not asked yet. */
  past: readonly AgentClaim[] | null;
}

/** Which agents claim a trace (or a conversation): what was told, and before that what is remembered on disk. Bounded. */
export class AgentClaims {
  readonly #capacity: number;
  readonly #ask: (key: string) => readonly AgentClaim[] | null;
  readonly #tell: (key: string, claim: AgentClaim) => void;
  readonly #known = new Map<string, Known>();

  /**
   * @param ask what is remembered on disk; null: it cannot be read now and is asked again.
   * @param tell hears of every claim that is new or better than the one before.
   */
  constructor(
    capacity: number,
    ask: (key: string) => readonly AgentClaim[] | null,
    tell: (key: string, claim: AgentClaim) => void,
  ) {
    this.#capacity = capacity;
    this.#ask = ask;
    this.#tell = tell;
  }

  put(key: string, agentId: string, claim: Claim): void {
    const { claims } = this.#entry(key);
    if ((claims.get(agentId) ?? -1) >= claim) return;
    claims.set(agentId, claim);
    this.#tell(key, { agentId, claim });
  }

  /** The only agent of that claim; where any is named, services count no more. */
  only(key: string, claim: Claim): string | null {
    let only: string | null = null;
    for (const [agentId, known] of this.of(key)) {
      if (known < claim) continue;
      if (known > claim || only !== null) return null;
      only = agentId;
    }
    return only;
  }

  of(key: string): ReadonlyMap<string, Claim> {
    const entry = this.#entry(key);
    this.#askOnce(key, entry);
    return entry.claims;
  }

  /** Those that were remembered when the key was first asked for. */
  past(key: string): readonly AgentClaim[] {
    return this.#askOnce(key, this.#entry(key));
  }

  forget(key: string): void {
    this.#known.delete(key);
  }

  /** Forgets what was met first, where there is more than there is room for. */
  trim(): void {
    for (const key of this.#known.keys()) {
      if (this.#known.size <= this.#capacity) return;
      this.#known.delete(key);
    }
  }

  #askOnce(key: string, entry: Known): readonly AgentClaim[] {
    if (entry.past !== null) return entry.past;
    const past = this.#ask(key);
    if (past === null) return [];
    entry.past = past;
    for (const { agentId, claim } of past) {
      if ((entry.claims.get(agentId) ?? -1) < claim) entry.claims.set(agentId, claim);
    }
    return past;
  }

  #entry(key: string): Known {
    let entry = this.#known.get(key);
    if (entry === undefined) this.#known.set(key, (entry = { claims: new Map(), past: null }));
    return entry;
  }
}
