import { createHash, hash } from 'node:crypto';
import type { Db } from '../store/open.ts';
import { endsWithoutNewline, isDistinctive, linesOf, normalOf } from './line-text.ts';
import { packNumbers, unpackNumbers } from './numbers-blob.ts';

/** What the memory keeps of a line's text. */
export interface TextFacts {
  /** Shared by texts that differ in white space only; 0: nothing but white space. */
  readonly normal: number;
  readonly isDistinctive: boolean;
  readonly endsWithoutNewline: boolean;
}

const DISTINCTIVE = 1;
const WITHOUT_NEWLINE = 2;
/** Texts that are remembered by a process; a drain sees the same files again and again. */
const MAX_CACHED = 200_000;

const digest = (text: string): string => hash('sha256', text, 'hex').slice(0, 24);

/** Numbers for texts of lines, and for contents as lists of those. */
export class LineTexts {
  readonly #ids = new Map<string, number>();
  readonly #facts = new Map<number, TextFacts>();
  readonly #statements;

  constructor(db: Db) {
    this.#statements = {
      find: db.prepare<[string], number>('SELECT id FROM texts WHERE hash = ?').pluck(),
      put: db.prepare<[string, number, number]>('INSERT INTO texts (hash, normal, flags) VALUES (?, ?, ?)'),
      facts: db.prepare<[number], { normal: number; flags: number }>('SELECT normal, flags FROM texts WHERE id = ?'),
      findNormal: db.prepare<[string], number>('SELECT id FROM normals WHERE hash = ?').pluck(),
      putNormal: db.prepare<[string]>('INSERT INTO normals (hash) VALUES (?)'),
      findContent: db.prepare<[string], number>('SELECT id FROM contents WHERE hash = ?').pluck(),
      putContent: db.prepare<[string, Buffer]>('INSERT INTO contents (hash, texts) VALUES (?, ?)'),
      content: db.prepare<[number], Buffer>('SELECT texts FROM contents WHERE id = ?').pluck(),
    };
  }

  /** Within a transaction: new texts are written. */
  textsOf(text: string): Int32Array {
    return Int32Array.from(linesOf(text), (line) => this.#idOf(line));
  }

  /** @returns contents.id */
  contentOf(texts: Int32Array): number {
    const name = createHash('sha256')
      .update(Buffer.from(texts.buffer, texts.byteOffset, texts.byteLength))
      .digest('hex')
      .slice(0, 40);
    return (
      this.#statements.findContent.get(name) ?? Number(this.#statements.putContent.run(name, packNumbers(texts)).lastInsertRowid)
    );
  }

  textsOfContent(content: number): Int32Array {
    const packed = this.#statements.content.get(content);
    if (packed === undefined) throw new Error(`the authorship memory has no content ${content}`);
    return unpackNumbers(packed);
  }

  facts(text: number): TextFacts {
    const known = this.#facts.get(text);
    if (known !== undefined) return known;
    const row = this.#statements.facts.get(text);
    const { normal, flags } = row ?? { normal: 0, flags: 0 };
    const facts = { normal, isDistinctive: (flags & DISTINCTIVE) !== 0, endsWithoutNewline: (flags & WITHOUT_NEWLINE) !== 0 };
    this.#facts.set(text, facts);
    return facts;
  }

  /** After a transaction that was taken back: numbers that were given in it are gone. */
  forget(): void {
    this.#ids.clear();
    this.#facts.clear();
  }

  #idOf(line: string): number {
    const known = this.#ids.get(line);
    if (known !== undefined) return known;
    if (this.#ids.size > MAX_CACHED) this.forget();
    const name = digest(line);
    const id = this.#statements.find.get(name) ?? this.#add(line, name);
    this.#ids.set(line, id);
    return id;
  }

  #add(line: string, name: string): number {
    const normal = normalOf(line);
    const flags = (isDistinctive(line) ? DISTINCTIVE : 0) | (endsWithoutNewline(line) ? WITHOUT_NEWLINE : 0);
    return Number(this.#statements.put.run(name, normal === '' ? 0 : this.#normalId(digest(normal)), flags).lastInsertRowid);
  }

  #normalId(name: string): number {
    return this.#statements.findNormal.get(name) ?? Number(this.#statements.putNormal.run(name).lastInsertRowid);
  }
}
