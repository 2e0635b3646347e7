import { listFiles } from '../store/list-files.ts';
import { type OpenFile, openForReading } from '../store/open.ts';
import { StoreError } from '../store/store-error.ts';
import type { Answers, Selection } from './across-files.ts';

/** A process may have some thousand files open; the others are opened for each question. */
const MOST_OPEN = 200;

/**
 * Every file of a selection, for a chain of questions in which one answer leads to the next. One that cannot be read stops no
 * other. The agent of the selection does not count: what stands behind a line may be another's.
 */
export class OpenFiles {
  readonly #paths: readonly string[];
  readonly #open = new Map<string, OpenFile>();
  readonly #failures = new Map<string, StoreError>();

  constructor({ settings, env }: Selection) {
    this.#paths = listFiles(settings, env).map(({ path }) => path);
  }

  /** The answers of all files, in the order of their paths. */
  ask<T>(question: (file: OpenFile) => readonly T[]): T[] {
    const answers: T[] = [];
    for (const path of this.#paths) {
      if (this.#failures.has(path)) continue;
      const kept = this.#open.get(path);
      let file = kept;
      try {
        file ??= openForReading(path);
        if (kept === undefined && this.#open.size < MOST_OPEN) this.#open.set(path, file);
        for (const answer of question(file)) answers.push(answer);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.#failures.set(path, error);
      } finally {
        if (file !== undefined && !this.#open.has(path)) file.close();
      }
    }
    return answers;
  }

  /** What could be read so far, and why the rest could not. */
  get reading(): Answers<never> {
    const files = this.#paths.filter((path) => !this.#failures.has(path));
    return { answers: [], files, failures: [...this.#failures.values()] };
  }

  close(): void {
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
  }
}
