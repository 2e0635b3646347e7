/** The oldest Node that the native SQLite module loads in; on older ones it ends the process with a segmentation fault. */
export const OLDEST_NODE = 22;

export function nodeIsTooOld(): boolean {
  return Number.parseInt(process.versions.node, 10) < OLDEST_NODE;
}
