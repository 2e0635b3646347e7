import type { ToldEdit } from './authorship-event.ts';
import type { LineHistory } from './line-history.ts';
import type { LineState } from './line-states.ts';
import type { CommitFacts, RepositoryReader } from './repository-reader.ts';
import type { ToldCommits } from './told-commits.ts';
import type { ToldEvents } from './told-events.ts';

const EARLIER_EVENTS = 30;
const MAX_RELATIVES = 8;
const MAX_FILES = 20;
const MAX_NAMESAKES = 3;
const REVERT = /^Revert "(.*)"$/;
const REAPPLY = /^Reapply "(.*)"$/;

export interface Offered {
  /** Of commits that git makes anew, of squashes and stashes: what it takes over as it is came about there. */
  readonly anew: readonly LineState[];
  /** Of merges' other parents, and from before a commit that is taken back: whoever runs git takes lines away by it. */
  readonly others: readonly LineState[];
}

export const NOTHING_OFFERED: Offered = { anew: [], others: [] };
export const allOf = ({ anew, others }: Offered): LineState[] => [...anew, ...others];

/** Contents of a file out of which git makes others: of commits that it makes anew, takes back or merges, of squashes and stashes. */
export class OfferedStates {
  readonly #history: LineHistory;
  readonly #reader: RepositoryReader;
  readonly #events: ToldEvents;
  readonly #commits: ToldCommits;

  constructor(history: LineHistory, reader: RepositoryReader, events: ToldEvents, commits: ToldCommits) {
    this.#history = history;
    this.#reader = reader;
    this.#events = events;
    this.#commits = commits;
  }

  /** @param originals commits that this one was made of anew */
  to(
    facts: CommitFacts,
    originals: readonly string[],
    worktree: string | null,
    path: string,
    previousPath: string | null,
    atMs: number,
  ): Offered {
    const from = previousPath ?? path;
    const shas = new Set([...originals, ...this.#commits.relativesOf(facts, MAX_RELATIVES)]);
    for (const { told } of this.#events.gitBefore(atMs, EARLIER_EVENTS)) {
      if (told.kind !== 'git') continue;
      for (const stash of told.stashes) shas.add(stash);
      if (told.worktree === worktree) for (const sha of told.squashed) shas.add(sha);
    }
    const states = [...shas].flatMap((sha) => this.#commits.stateOf(sha, path) ?? this.#commits.stateOf(sha, from) ?? []);
    // Commits that changed places with a rename have the file by another name.
    const renamed = states.length > 0 ? [] : originals.flatMap((sha) => this.#commits.statesOf(sha, MAX_FILES));
    return { anew: [...states, ...renamed], others: this.#ofTrees(this.#takenFrom(facts), from, atMs) };
  }

  /** What git may have put into a file within a command of an agent, which is not the agent's therefore. */
  within({ call, worktree, path, previousPath }: ToldEdit, atMs: number): Offered {
    const run = this.#events.runOf(call);
    if (run === null) return NOTHING_OFFERED;
    const heads = new Set(
      this.#events.gitWithin(atMs, run.toMs).flatMap(({ told }) => {
        return told.kind === 'git' && told.worktree === worktree && told.head !== null ? [told.head] : [];
      }),
    );
    const [anew, others] = [new Set<LineState>(), new Set<LineState>()];
    for (const facts of heads.size === 0 ? [] : this.#reader.facts([...heads]).values()) {
      if (facts === null) continue;
      const offered = this.to(facts, this.#commits.originalsOf(facts), worktree, path, previousPath, run.toMs);
      for (const state of offered.anew) anew.add(state);
      for (const state of offered.others) others.add(state);
    }
    return { anew: [...anew], others: [...others] };
  }

  /** Commits whose whole trees it took lines from: the other parents of a merge, and what was there before the commit that it takes back. */
  #takenFrom(facts: CommitFacts): string[] {
    const [, ...others] = facts.parents;
    const reverted = this.#namesakes(REVERT.exec(facts.subject)?.[1]);
    const parents = [...this.#reader.facts(reverted).values()].flatMap((one) => one?.parents[0] ?? []);
    return [...others, ...parents, ...this.#namesakes(REAPPLY.exec(facts.subject)?.[1])];
  }

  #namesakes(subject: string | undefined): string[] {
    return subject === undefined ? [] : this.#commits.ofSubject(subject, MAX_NAMESAKES);
  }

  #ofTrees(shas: readonly string[], path: string, atMs: number): LineState[] {
    if (shas.length === 0) return [];
    const names = shas.map((sha) => `${sha}:${path}`);
    const contents = this.#history.contentsOf(names, this.#reader, atMs);
    return names.flatMap((name) => {
      const content = contents.get(name) ?? null;
      return content === null ? [] : (this.#history.states.exact(path, content) ?? []);
    });
  }
}
