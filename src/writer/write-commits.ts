import type { SpoolTarget } from '../spool/spool-record.ts';
import type { WriteCommits } from './line-memories.ts';
import type { RecordingFor } from './target-recordings.ts';

/** Writes rows of commits into the file that each commit's own hook named. */
export const writeCommitsBy =
  (recordingFor: RecordingFor): WriteCommits =>
  ({ owner: { target, home }, written, gone }) => {
    const { agentId, ...rest } = target as SpoolTarget;
    return recordingFor({ ...rest, agentId: null }, home).recordCommits(agentId, { written, gone }).status === 'written';
  };
