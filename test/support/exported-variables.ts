import type { CodeBlock } from './code-blocks.ts';

/** What the shell blocks of a page `export`. */
export const exportedVariables = (blocks: readonly CodeBlock[]): Record<string, string> =>
  Object.fromEntries(
    blocks
      .filter((block) => block.language === 'sh')
      .flatMap((block) => [...block.text.matchAll(/^export (\w+)=(.*)$/gm)])
      .map(([, name = '', value = '']) => [name, value]),
  );
