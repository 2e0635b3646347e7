const rules = (await import(new URL('../../.dependency-cruiser.mjs', import.meta.url).href)) as { RANKS: string[][] };

/** docs/architecture.md's table of ranks, from the list that the rules are made of. */
export function ranksTable(): string {
  const rows = rules.RANKS.map((rooms, rank) => `| ${rank} | ${rooms.map((room) => `\`${room}\``).join(' ')} |`);
  const top = `| ${rules.RANKS.length} | \`index.ts\` \`register.ts\` |`;
  return ['| rank | rooms |', '| --- | --- |', ...rows, top].join('\n');
}
