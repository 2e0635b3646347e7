import type { HealthFinding, RecorderReport } from '../model/health.ts';
import { fileSize } from '../store/file-size.ts';
import type { OpenFiles } from './open-files.ts';

/**
 * How each open file is.
 * @param maxMb size in MB beyond which a file is said to be too large
 * @param findings gets what is wrong with them
 */
export function reportFiles(files: OpenFiles, maxMb: number, findings: HealthFinding[]): RecorderReport['files'] {
  return [...files].map(([path, open]) => {
    const bytes = fileSize(path);
    if (bytes > maxMb * 1024 * 1024) {
      findings.push({
        level: 'amber',
        code: 'file-too-large',
        message: `${path} has ${Math.round(bytes / 1024 / 1024)} MB, more than AI_TRACKER_MAX_MB=${maxMb}; set AI_TRACKER_RETENTION_DAYS or raise the limit`,
      });
    }
    findings.push(...open.recorder.file.findings);
    if (open.error !== null) findings.push({ level: 'red', code: 'write-failed', message: open.error });
    const { journal, synchronous } = open.recorder.file;
    return {
      path,
      agentId: open.agentId,
      journal,
      synchronous,
      bytes,
      lastCommitMs: open.lastCommitMs,
      cacheTrims: open.recorder.evictions,
      error: open.error,
    };
  });
}
