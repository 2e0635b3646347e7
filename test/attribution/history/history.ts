import { join } from 'node:path';
import { LineMaker } from './changes.ts';
import { follow } from './follow.ts';
import { type GitOptions, type GitRun, Playground, type Runner } from './playground.ts';
import { Random } from './random.ts';
import { changed, EMPTY, type Kind, type Line, linesOf, sameFiles, splitText, type Tree, textOf } from './tree.ts';

export interface ModelCommit {
  readonly sha: string;
  readonly parents: readonly string[];
  readonly tree: Tree;
  /** Who ran the git command that made it. */
  readonly by: Kind;
  readonly subject: string;
}

export interface WorkTree {
  /** Below the scratch folder. */
  readonly name: string;
  readonly dir: string;
  tree: Tree;
  /** Contents that a file had and an editor could bring back. */
  past: { readonly path: string; readonly lines: readonly Line[] }[];
}

/** A step as the scenarios of this folder write it. */
export type ToldStep = Readonly<Record<string, unknown>>;

export const HUMAN: Runner = { kind: 'human' };
const AGENTS = ['agent-1', 'agent-2', 'agent-3'];

/** One random history: the model of it, the real repository beside it, and the steps as they were taken. */
export class History {
  readonly playground: Playground;
  readonly maker = new LineMaker();
  readonly commits = new Map<string, ModelCommit>();
  readonly worktrees: WorkTree[] = [];
  readonly stashes: Tree[] = [];
  readonly told: ToldStep[] = [];
  readonly base: Record<string, string> = {};
  baseSha = '';
  #subjects = 0;
  #calls = 0;
  readonly #began = Math.floor(Date.now() / 1000) - 100_000;

  constructor(way: 'quick' | 'commands', seed: number) {
    this.playground = new Playground(way);
    const random = new Random(seed);
    const { repo } = this.playground;
    const names = ['src/app.js', 'src/lib/parts.js', 'notes.md', 'main.py'].slice(0, random.int(2, 4));
    let tree = EMPTY;
    for (const name of names) {
      const lines = this.maker.block(random, random.int(4, 24), 'human', []);
      tree = changed(tree, new Map([[name, lines]]), 'human');
      this.base[name] = textOf(lines);
      this.playground.write(repo, name, textOf(lines));
    }
    this.playground.ask(repo, ['init', '-q']);
    this.playground.ask(repo, ['add', '-A']);
    this.playground.ask(repo, ['commit', '-q', '-m', 'base']);
    this.worktrees.push({ name: 'repo', dir: repo, tree, past: [] });
    this.baseSha = this.head(this.worktrees[0] as WorkTree);
    this.commits.set(this.baseSha, { sha: this.baseSha, parents: [], tree, by: 'human', subject: 'base' });
  }

  agent(random: Random): Extract<Runner, { kind: 'agent' }> {
    const agent = random.pick(AGENTS);
    return { kind: 'agent', agent, session: `session-${agent}-${random.int(1, 2)}` };
  }

  subject = (): string => `c${++this.#subjects}`;
  callId = (): string => `toolu_${String(++this.#calls).padStart(6, '0')}`;

  commit(sha: string): ModelCommit {
    const commit = this.commits.get(sha);
    if (commit === undefined) throw new Error(`the model does not know commit ${sha}`);
    return commit;
  }

  head = (work: WorkTree): string => this.playground.ask(work.dir, ['rev-parse', 'HEAD']).trim();
  headTree = (work: WorkTree): Tree => this.commit(this.head(work)).tree;
  isClean = (work: WorkTree): boolean => sameFiles(work.tree, this.headTree(work));
  isAncestor = (work: WorkTree, a: string, b: string): boolean =>
    this.playground.git(work.dir, ['merge-base', '--is-ancestor', a, b], { mayFail: true }).status === 0;
  shas = (work: WorkTree, range: readonly string[]): string[] =>
    this.playground
      .ask(work.dir, ['rev-list', '--reverse', '--topo-order', ...range])
      .split('\n')
      .filter(Boolean);
  branches = (work: WorkTree): string[] =>
    this.playground.ask(work.dir, ['for-each-ref', '--format=%(refname:short)', 'refs/heads']).split('\n').filter(Boolean);

  /** How a path is told in a scenario. */
  toldPath = (work: WorkTree, path: string): string => (work.name === 'repo' ? path : `@/${work.name}/${path}`);
  toldPlace = (work: WorkTree): { cwd?: string } => (work.name === 'repo' ? {} : { cwd: `@/${work.name}` });

  /** git, as a person runs it or an agent within its Bash tool; author dates are minutes apart, as they are in life. */
  async git(work: WorkTree, args: readonly string[], by: Runner, options: GitOptions = {}): Promise<GitRun> {
    const date = `${this.#began + 60 * (this.told.length + 1)} +0000`;
    const quoted = args.map((arg) => (/^[\w./=~^:-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`)).join(' ');
    const extra = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${JSON.stringify(value)} `);
    const command = `${extra.join('')}git ${quoted}`;
    const ran = (): GitRun =>
      this.playground.git(work.dir, args, { ...options, by, env: { GIT_AUTHOR_DATE: date, ...options.env } });
    if (by.kind === 'human') {
      if (extra.length > 0 || options.mayFail === true)
        this.told.push({ op: 'sh', cmd: `${command} || true`, ...this.toldPlace(work) });
      else this.told.push({ op: 'git', args, ...this.toldPlace(work) });
      return ran();
    }
    const told = { tool: 'Bash', command: `${command} || true`, agent: by.agent, session: by.session };
    this.told.push({ op: 'ai', ...told, ...this.toldPlace(work) });
    const event = this.event(work, by, 'Bash', { command, description: 'git' });
    await this.playground.claude({ ...event, hook_event_name: 'PreToolUse' }, work.dir, by.agent);
    const beganMs = Date.now();
    const result = ran();
    const tool_response = { stdout: '', stderr: '', interrupted: false, isImage: false };
    const after = { ...event, hook_event_name: 'PostToolUse', tool_response, duration_ms: Date.now() - beganMs };
    await this.playground.claude(after, work.dir, by.agent);
    return result;
  }

  /** What all hook events of a call have in common. */
  event(work: WorkTree, by: Runner & { kind: 'agent' }, tool_name: string, tool_input: unknown): Record<string, unknown> {
    return {
      session_id: by.session,
      transcript_path: join(this.playground.root, 'home/.claude/projects/x', `${by.session}.jsonl`),
      cwd: work.dir,
      permission_mode: 'acceptEdits',
      ...{ tool_name, tool_input, tool_use_id: this.callId() },
    };
  }

  /** The work tree as git left it, its lines found in the versions that git had. */
  readBack(work: WorkTree, sources: readonly [Tree, ...Tree[]], by: Kind, fresh?: (text: string) => Line): void {
    work.tree = this.follow(this.playground.read(work.dir), sources, by, fresh);
  }

  follow(
    files: ReadonlyMap<string, string>,
    sources: readonly [Tree, ...Tree[]],
    by: Kind,
    fresh?: (text: string) => Line,
    removesItself = false,
  ): Tree {
    const texts = new Map([...files].map(([path, text]) => [path, splitText(text)]));
    const lost = (text: string, path: string): Line => {
      throw new Error(`the model lost a line of ${path}: ${text}`);
    };
    const again = (line: Line): Line => this.maker.line(line.text, line.author);
    return follow(texts, { sources, by, removesItself, again, fresh: fresh ?? lost });
  }

  /** Takes a commit into the model whose tree is known. */
  adopt(work: WorkTree, tree: Tree, by: Kind): string {
    const [sha, subject, parents] = this.playground.ask(work.dir, ['log', '-1', '--format=%H%n%s%n%P']).trim().split('\n');
    const known = parents === undefined ? [] : parents.split(' ');
    this.commits.set(sha as string, { sha: sha as string, parents: known, tree, by, subject: subject as string });
    return sha as string;
  }

  /** Takes in commits that git made by itself, out of other commits. */
  adoptMade(
    work: WorkTree,
    from: string,
    made: (subject: string, parent: Tree) => readonly Tree[],
    by: Kind,
    reverts = false,
  ): void {
    for (const sha of this.shas(work, [`${from}..HEAD`])) {
      if (this.commits.has(sha)) continue;
      const [subject = '', parents = ''] = this.playground
        .ask(work.dir, ['log', '-1', '--format=%s%n%P', sha])
        .trim()
        .split('\n');
      const parent = this.commit(parents.split(' ')[0] as string).tree;
      const tree = this.follow(this.playground.readCommit(sha), [parent, ...made(subject, parent)], by, undefined, reverts);
      this.commits.set(sha, { sha, parents: parents.split(' '), tree, by, subject });
    }
  }

  /** After git moved a clean work tree to another commit. */
  standAtHead(work: WorkTree): void {
    work.tree = this.headTree(work);
  }

  /** Paths whose text in the work tree is not that of the commit it stands on. */
  dirtyPaths(work: WorkTree): string[] {
    const head = this.headTree(work);
    return [...new Set([...work.tree.files.keys(), ...head.files.keys()])].filter(
      (path) =>
        work.tree.files.has(path) !== head.files.has(path) || textOf(linesOf(work.tree, path)) !== textOf(linesOf(head, path)),
    );
  }

  remove(): void {
    this.playground.remove();
  }
}
