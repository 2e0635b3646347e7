import { commitFacts } from '../git/commit-facts.ts';
import type { GitFolders } from '../git/git-folders.ts';
import { liveCommits, type RefTips, refsOf } from '../git/live-commits.ts';
import { commitsBetween, newestCommits } from '../git/reached-commits.ts';
import type { Db } from '../store/open.ts';
import type { Replay } from './replay.ts';
import type { CommitFacts, RepositoryReader } from './repository-reader.ts';
import { authorKey, REFS_STATE, subjectKey } from './told-commits.ts';

/** In file_info: where refs stood when it was last found out which commits live. */
const REF_TIPS = 'ref_tips';
/** More are not kept, and each look is a look at all commits. */
const MAX_TIPS = 5000;
/** Of a repository's newest, where commits may have been made anew long before the others died. */
const NEWEST = 2000;

/** What became of refs since. */
interface RefMoves {
  /** That a ref newly leads to; by own refs, that none but a remote's led to. */
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

interface CommitRow {
  readonly is_live: number;
  readonly author_key: string;
}

/** Which of the commits that the memory knows a ref still leads to, and which others took their place. */
export class CommitLife {
  readonly #folders: GitFolders;
  readonly #replay: Replay;
  readonly #reader: RepositoryReader;
  readonly #statements;

  constructor(db: Db, folders: GitFolders, reader: RepositoryReader, replay: Replay) {
    this.#folders = folders;
    this.#reader = reader;
    this.#replay = replay;
    this.#statements = {
      info: db.prepare<[string], string>('SELECT value FROM file_info WHERE key = ?').pluck(),
      putInfo: db.prepare<[string, string]>(
        'INSERT INTO file_info (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
      ),
      one: db.prepare<[string], CommitRow>('SELECT is_live, author_key FROM commits WHERE sha = ?'),
      unwritten: db.prepare<[], string>('SELECT sha FROM commits WHERE is_written = 0').pluck(),
      replaced: db
        .prepare<[], string>(
          'SELECT DISTINCT from_sha FROM rewrites JOIN commits ON commits.sha = rewrites.from_sha WHERE commits.is_live = 1',
        )
        .pluck(),
      keyLives: db.prepare<[string], number>('SELECT 1 FROM commits WHERE author_key = ? AND is_live = 1 LIMIT 1').pluck(),
    };
  }

  /** Within a transaction. */
  update(nowMs: number): void {
    const refs = refsOf(this.#folders);
    if (refs === null || this.#statements.info.get(REFS_STATE) === refs.state) return;
    const moves = this.#movesTo(refs.tips);
    const lives = moves === null ? this.#allLives() : this.#livesAfter(moves);
    if (lives === null) return;
    const { commits } = this.#replay;
    const died: string[] = [];
    for (const [sha, isLive] of lives) {
      const row = this.#statements.one.get(sha);
      if (row === undefined || (row.is_live === 1) === isLive) continue;
      commits.setLive(sha, isLive);
      if (!isLive) died.push(sha);
    }
    const orphans = died.filter(
      (sha) => this.#statements.keyLives.get(this.#statements.one.get(sha)?.author_key ?? '') === undefined,
    );
    if (orphans.length > 0) this.#adopt(orphans, moves, nowMs);
    this.#statements.putInfo.run(REFS_STATE, refs.state);
    this.#statements.putInfo.run(REF_TIPS, refs.tips.all.length > MAX_TIPS ? '' : JSON.stringify(refs.tips));
  }

  /** Null where that has to be found out from all commits: it is a walk down to the oldest of them. */
  #movesTo(tips: RefTips): RefMoves | null {
    const kept = this.#statements.info.get(REF_TIPS);
    if (kept === undefined || kept === '') return null;
    const before = JSON.parse(kept) as RefTips;
    const gained = commitsBetween(this.#folders, before.all, tips.all);
    const own = commitsBetween(this.#folders, before.own, tips.own);
    const lost = commitsBetween(this.#folders, tips.all, before.all);
    return gained === null || own === null || lost === null ? null : { gained: [...gained, ...own], lost };
  }

  #livesAfter({ gained, lost }: RefMoves): Map<string, boolean> | null {
    const isKnown = (sha: string): boolean => this.#statements.one.get(sha) !== undefined;
    const lives = new Map<string, boolean>();
    for (const sha of lost) if (isKnown(sha)) lives.set(sha, false);
    for (const sha of gained) if (isKnown(sha)) lives.set(sha, true);
    // Told since; refs may have led to it and away again in between.
    const fresh = this.#statements.unwritten.all().filter((sha) => !lives.has(sha));
    const found = liveCommits(this.#folders, fresh);
    if (found === null) return null;
    for (const sha of fresh) lives.set(sha, found.has(sha));
    const candidates = new Set([
      ...this.#statements.replaced.all(),
      ...[...lives].flatMap(([sha, isLive]) => (isLive ? [sha] : [])),
    ]);
    return this.#withoutReplaced(
      lives,
      [...candidates].filter((sha) => lives.get(sha) !== false),
      (sha) => lives.get(sha) ?? this.#statements.one.get(sha)?.is_live === 1,
    );
  }

  #allLives(): Map<string, boolean> | null {
    const listed = this.#replay.commits.list().map(({ sha }) => sha);
    const live = liveCommits(this.#folders, listed);
    if (live === null) return null;
    const lives = new Map(listed.map((sha) => [sha, live.has(sha)]));
    return this.#withoutReplaced(lives, listed, (sha) => live.has(sha));
  }

  /** The remote's branch still has what was rewritten here, until it is pushed. */
  #withoutReplaced(
    lives: Map<string, boolean>,
    candidates: readonly string[],
    isLive: (sha: string) => boolean,
  ): Map<string, boolean> {
    const replaced = candidates.filter((sha) => this.#replay.commits.replacements(sha).some(isLive));
    const own = liveCommits(this.#folders, replaced, 'own refs');
    if (own !== null) for (const sha of replaced) if (isLive(sha)) lives.set(sha, own.has(sha));
    return lives;
  }

  /** Commits that took the place of dead ones where no hook told so (`filter-branch`): of the same author and date, and the same subject or tree. */
  #adopt(died: readonly string[], moves: RefMoves | null, nowMs: number): void {
    const { commits } = this.#replay;
    const byKey = new Map<string, string>();
    for (const [sha, facts] of this.#reader.facts(died))
      if (facts !== null) for (const key of madeFrom(facts)) byKey.set(key, sha);
    const newest = newestCommits(this.#folders, moves === null ? undefined : NEWEST);
    const candidates = [...new Set([...(moves?.gained ?? []), ...newest])].filter(
      (sha) => this.#statements.one.get(sha) === undefined,
    );
    for (const facts of commitFacts(this.#folders, candidates).values()) {
      const dead = facts === null ? undefined : madeFrom(facts).flatMap((key) => byKey.get(key) ?? [])[0];
      const kept = dead === undefined ? null : commits.one(dead);
      if (facts === null || dead === undefined || kept === null) continue;
      const { context, claudeSession, branch, repoPath } = kept.attribution;
      commits.rewritten(dead, facts.sha);
      this.#replay.tell(
        facts.sha,
        { worktree: null, top: repoPath, branch, context, claudeSession, insideClaude: false, owner: kept.owner },
        nowMs,
      );
    }
  }
}

/** Git keeps its author and date, and whoever makes a commit anew changes either what it says or what it holds. */
const madeFrom = (facts: CommitFacts): string[] => [
  `${authorKey(facts)} says ${subjectKey(facts)}`,
  `${authorKey(facts)} holds ${facts.tree}`,
];
