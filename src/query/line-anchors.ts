import type { OpenFile } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';
import type { OpenFiles } from './open-files.ts';

/** A row of `line_anchors`, with what is known of its commit. */
export interface AnchorRow {
  readonly commit_id: string;
  readonly file_path: string;
  readonly line_number: number;
  readonly file_modification_id: string | null;
  readonly agent_id: string | null;
  readonly line_hash: string;
  readonly normal_hash: string;
  readonly before_hash: string | null;
  readonly after_hash: string | null;
  readonly repo_id: string;
  readonly commit_sha: string;
  readonly authored_at: string | null;
}

export interface AnchorQuestion {
  readonly lineHash: string;
  readonly normalHash: string;
  readonly beforeHash: string | null;
  readonly afterHash: string | null;
}

/** Of each kind and file: a line that stands in ten thousand commits says nothing. */
const MOST = 32;

const anchors = () =>
  sqlBuilder
    .selectFrom('line_anchors')
    .innerJoin('commits', 'commits.id', 'line_anchors.commit_id')
    .select([
      'line_anchors.commit_id',
      'line_anchors.file_path',
      'line_anchors.line_number',
      'line_anchors.file_modification_id',
      'line_anchors.agent_id',
      'line_anchors.line_hash',
      'line_anchors.normal_hash',
      'line_anchors.before_hash',
      'line_anchors.after_hash',
      'commits.repo_id',
      'commits.commit_sha',
      'commits.authored_at',
    ]);

const statementsOf = (file: OpenFile) => {
  const within = anchors().where('normal_hash', '=', '').where('before_hash', 'is', '').where('after_hash', 'is', '').limit(MOST);
  return {
    within: prepareQuery<[string, string | null, string | null], AnchorRow>(file.db, within),
    same: prepareQuery<[string], AnchorRow>(file.db, anchors().where('line_hash', '=', '').limit(MOST)),
    respaced: prepareQuery<[string], AnchorRow>(file.db, anchors().where('normal_hash', '=', '').limit(MOST)),
    hasAny: file.db.prepare('SELECT 1 FROM line_anchors LIMIT 1').get() !== undefined,
    place: prepareQuery<[string, string], AnchorRow>(
      file.db,
      anchors().where('commit_id', '=', '').where('line_anchors.file_path', '=', ''),
    ),
  };
};

/** Anchors of all files. Its statements are prepared once a file: a file of ten thousand lines asks for each of them. */
export class LineAnchors {
  readonly #files: OpenFiles;
  readonly #statements = new WeakMap<OpenFile, ReturnType<typeof statementsOf>>();

  constructor(files: OpenFiles) {
    this.#files = files;
  }

  /** Of lines that are equal; where there are none, of those that are equal but for white space. */
  equal({ lineHash, normalHash, beforeHash, afterHash }: AnchorQuestion): AnchorRow[] {
    const rows = this.#files.ask((file) => {
      const { within, same, hasAny } = this.#of(file);
      if (!hasAny) return [];
      const alone = same.all(lineHash);
      // All of them are among those already.
      return alone.length < MOST ? alone : [...within.all(normalHash, beforeHash, afterHash), ...alone];
    });
    return rows.length > 0
      ? rows
      : this.#files.ask((file) => (this.#of(file).hasAny ? this.#of(file).respaced.all(normalHash) : []));
  }

  /** All of one file of a commit. */
  of(commitId: string, path: string): AnchorRow[] {
    return this.#files.ask((file) => this.#of(file).place.all(commitId, path));
  }

  #of(file: OpenFile): ReturnType<typeof statementsOf> {
    let statements = this.#statements.get(file);
    if (statements === undefined) this.#statements.set(file, (statements = statementsOf(file)));
    return statements;
  }
}
