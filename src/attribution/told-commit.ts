import type { CommitFileAttribution } from '../model/commit-attribution.ts';
import type { LineState } from './line-states.ts';

/** What is told of a commit. */
export interface ToldCommit {
  readonly files: readonly CommitFileAttribution[];
  readonly states: readonly { readonly path: string; readonly state: LineState }[];
  readonly removed: readonly {
    readonly path: string;
    readonly byAgents: readonly number[];
    readonly byOthers: readonly number[];
  }[];
}
