import { existsSync } from 'node:fs';
import { listFiles } from '../store/list-files.ts';
import type { AgentFinder } from './agent-finder.ts';
import type { Holding } from './holding.ts';
import type { RecorderConfig } from './recorder-config.ts';
import { tracesInFile } from './trace-agents.ts';

/** How often all agents' files are asked whether they know a trace that waits: another process may have written it there. */
const LOOK_UP_EVERY_MS = 10 * 60_000;
/** How long one look may take; the next goes on where it ended. */
const LOOK_BUDGET_MS = 100;
/** A look at due time pauses for so many times what it took. */
const LOOK_REST = 20;
const LOOK_IS_CHEAP_MS = 5;
export const TRACES_A_LOOK = 4096;

export interface HeldLookUpParts {
  readonly config: RecorderConfig;
  readonly agents: () => AgentFinder;
  /** Files that this recorder has open itself. */
  readonly isOwn: (path: string) => boolean;
  /** Hears of every trace of which a file told. */
  readonly news: (traceId: string) => void;
}

/** Asks the agents' files whose the held traces are: another process may have written there. Each look is bounded. */
export class HeldLookUp {
  readonly #config: RecorderConfig;
  readonly #agents: () => AgentFinder;
  readonly #isOwn: (path: string) => boolean;
  readonly #news: (traceId: string) => void;
  #nextLookUpMs = Number.NEGATIVE_INFINITY;
  #toLookIn: string[] = [];
  #nextDueLookMs = Number.NEGATIVE_INFINITY;

  constructor({ config, agents, isOwn, news }: HeldLookUpParts) {
    this.#config = config;
    this.#agents = agents;
    this.#isOwn = isOwn;
    this.#news = news;
  }

  /** The next look at due time does not pause. */
  lookAtOnce(): void {
    this.#nextDueLookMs = Number.NEGATIVE_INFINITY;
  }

  /** All that there are now. */
  files(): string[] {
    const { settings, env } = this.#config;
    return listFiles(settings, env, undefined, () => undefined).map(({ path }) => path);
  }

  /** Asks these files. */
  learn(files: readonly string[], traces: Iterable<string>): void {
    const wanted = [...traces];
    if (wanted.length === 0) return;
    for (const path of files) this.#learnFrom(path, wanted);
  }

  #learnFrom(path: string, traces: readonly string[]): void {
    const agents = this.#agents();
    for (const known of tracesInFile(path, traces)) {
      agents.learn(known);
      this.#news(known.traceId);
    }
  }

  /**
   * Before less certain signs count: what other processes have open at this moment (what this one wrote it knows, what is
   * closed was written before). @returns milliseconds to wait for; 0: it was looked at
   */
  lookForDue(traces: ReadonlySet<string>): number {
    const began = performance.now();
    if (began < this.#nextDueLookMs) return this.#nextDueLookMs - began;
    const files = this.files().filter((path) => !this.#isOwn(path) && existsSync(`${path}-wal`));
    const wanted = [...traces];
    for (const path of files) {
      this.#learnFrom(path, wanted);
      if (performance.now() - began > LOOK_BUDGET_MS) break;
    }
    const tookMs = performance.now() - began;
    if (tookMs > LOOK_IS_CHEAP_MS) this.#nextDueLookMs = began + LOOK_REST * tookMs;
    return 0;
  }

  /** All files, a part at a time. */
  lookUp(holding: Holding, now: number): void {
    if (this.#toLookIn.length === 0) {
      if (now < this.#nextLookUpMs) return;
      this.#nextLookUpMs = now + LOOK_UP_EVERY_MS;
      this.#toLookIn = this.files();
    }
    const traces = holding.traces(TRACES_A_LOOK);
    const until = performance.now() + LOOK_BUDGET_MS;
    while (performance.now() < until) {
      const path = this.#toLookIn.pop();
      if (path === undefined) break;
      if (traces.length > 0) this.#learnFrom(path, traces);
    }
  }
}
