const SQUASHED = /\(#(\d{1,9})\)$/;
const MERGED = /^Merge pull request #(\d{1,9})\b/;

/**
 * The pull request that a commit's subject names, as GitHub and Gitea write it: `Subject (#12)` of a squashed one, `Merge pull request #12 from …`
 * of a merge. Inferred: anybody may write so.
 */
export function pullRequestOf(subject: string): number | null {
  const [, number] = SQUASHED.exec(subject.trimEnd()) ?? MERGED.exec(subject) ?? [];
  return number === undefined ? null : Number(number);
}
