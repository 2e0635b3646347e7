import type { CommitAttribution } from '../model/commit-attribution.ts';
import { anchorsOf } from './commit-lines.ts';
import { addedPlaces } from './count-lines.ts';
import { isBinary } from './line-text.ts';
import type { RepositoryReader } from './repository-reader.ts';

/** With the anchors of added lines, which the memory keeps for as long as it replays; of a merge they are not made again. */
export function withAnchors(attribution: CommitAttribution, reader: RepositoryReader): CommitAttribution {
  const { sha, files } = attribution;
  const isBare = files.some(({ added, anchors }) => added > 0 && anchors.length === 0);
  const [parent = null, ...others] = (isBare ? reader.facts([sha]).get(sha)?.parents : null) ?? [];
  if (!isBare || others.length > 0) return attribution;
  const hunks = reader.hunks(parent, sha);
  const contents = reader.blobs(files.map(({ path }) => `${sha}:${path}`));
  return {
    ...attribution,
    files: files.map((file, n) => {
      const bytes = contents[n] ?? null;
      if (file.anchors.length > 0 || bytes === null || isBinary(bytes)) return file;
      return { ...file, anchors: anchorsOf(bytes.toString('utf8'), addedPlaces(hunks.get(file.path) ?? []), file.ranges) };
    }),
  };
}
