import type { Random } from './random.ts';
import type { Kind, Line } from './tree.ts';

/** Makes lines: each with a number of its own, most with a text of their own. */
export class LineMaker {
  #ids = 0;
  #texts = 0;

  line(text: string, author: Kind): Line {
    return { id: ++this.#ids, text, author };
  }

  /** A text that stands nowhere else. */
  distinctive(random: Random): string {
    const n = ++this.#texts;
    const indent = random.pick(['', '', '  ', '  ', '    ']);
    return (
      indent +
      random.pick([
        `const total${n} = sum(items, ${n * 7});`,
        `logger.info('step ${n} of ${n + 3} is done');`,
        `# note ${n}: the order of the parts matters`,
        `if (left${n} > right${n}) return swap(left${n}, right${n});`,
        `"key_${n}": ["first ${n}", "second"],`,
        `export function part${n}(input: Input): Output {`,
        `def handle_${n}(self, request):`,
        `value.${random.pick(['alpha', 'beta', 'gamma'])}${n} += weight * ${n};`,
      ])
    );
  }

  /** @param nearby texts of the file, some of which come again */
  block(random: Random, count: number, author: Kind, nearby: readonly string[]): Line[] {
    const made = Array.from({ length: count }, () => {
      const kind = random.weighted({ distinctive: 78, brace: 8, blank: 7, common: 5, copy: 2 });
      switch (kind) {
        case 'distinctive':
          return this.distinctive(random);
        case 'brace':
          return random.pick(['}', '}', '  }', '});']);
        case 'blank':
          return '';
        case 'common':
          return random.pick(['  return null;', 'break;', 'else:', '  continue;']);
        case 'copy':
          return nearby.length > 0 ? random.pick(nearby) : this.distinctive(random);
      }
    });
    return made.map((text) => this.line(text, author));
  }
}

/** What became of a file, and which of its lines stand elsewhere in it. */
export interface FileChange {
  readonly lines: readonly Line[];
  readonly moved: ReadonlySet<number>;
}

const NOTHING: ReadonlySet<number> = new Set();
const hasWords = (text: string): boolean => /[a-z]{3}/.test(text);

/** Changes one place of a file. */
export function changeFile(lines: readonly Line[], by: Kind, random: Random, maker: LineMaker): FileChange {
  const kind =
    lines.length < 3
      ? 'insert'
      : random.weighted({ insert: 46, rewrite: 22, vary: 10, remove: 12, indent: 6, move: lines.length > 5 ? 4 : 0 });
  const texts = lines.map(({ text }) => text);
  switch (kind) {
    case 'insert': {
      const at = random.chance(0.15) ? lines.length : random.int(0, lines.length);
      const block = maker.block(random, random.int(1, 6), by, texts);
      return { lines: [...lines.slice(0, at), ...block, ...lines.slice(at)], moved: NOTHING };
    }
    case 'rewrite': {
      const { at, end } = range(lines, random, 3);
      // A common line that stands in the old text and in the new one was not rewritten.
      const block = Array.from({ length: random.int(1, 4) }, () => maker.line(maker.distinctive(random), by));
      return { lines: [...lines.slice(0, at), ...block, ...lines.slice(end)], moved: NOTHING };
    }
    case 'vary': {
      const { at, end } = range(lines, random, 2);
      const n = random.int(1000, 999_999);
      const block = lines.slice(at, end).map((line) => {
        if (!hasWords(line.text)) return line;
        const text = random.chance(0.5) ? `${line.text} // ${n}` : line.text.replace(/[a-z]{3,}/, (word) => `${word}_${n}`);
        return maker.line(text, by);
      });
      return { lines: [...lines.slice(0, at), ...block, ...lines.slice(end)], moved: NOTHING };
    }
    case 'remove': {
      const { at, end } = range(lines, random, 4);
      return { lines: [...lines.slice(0, at), ...lines.slice(end)], moved: NOTHING };
    }
    case 'indent': {
      const { at, end } = range(lines, random, 6);
      const deeper = random.chance(0.6);
      return {
        lines: lines.map((line, i) =>
          i < at || i >= end || line.text.trim() === ''
            ? line
            : { ...line, text: deeper ? `  ${line.text}` : line.text.replace(/^ {1,2}/, '') },
        ),
        moved: NOTHING,
      };
    }
    case 'move': {
      const { at, end } = range(lines, random, 4);
      const block = lines.slice(at, end);
      const rest = [...lines.slice(0, at), ...lines.slice(end)];
      if (!block.some(({ text }) => hasWords(text))) return { lines, moved: NOTHING };
      const to = random.int(0, rest.length);
      return {
        lines: [...rest.slice(0, to), ...block, ...rest.slice(to)],
        moved: new Set(block.map(({ id }) => id)),
      };
    }
  }
}

export function range(lines: readonly Line[], random: Random, most: number): { at: number; end: number } {
  const at = random.int(0, lines.length - 1);
  return { at, end: Math.min(lines.length, at + random.int(1, most)) };
}
