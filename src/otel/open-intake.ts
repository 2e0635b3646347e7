import { nodeIsTooOld, OLDEST_NODE } from '../model/node-version.ts';
import { type RecorderOptions, resolveSettings } from '../model/settings.ts';
import { noteFinding } from '../writer/process-findings.ts';
import { acquireWriter, releaseWriter } from '../writer/shared-writers.ts';
import { SpanIntake } from './span-intake.ts';

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './writer-thread.ts' : './writer-thread.js', import.meta.url);

export interface OpenIntake {
  readonly intake: SpanIntake;
  /** Hands over what is left, flushes, and lets the writer go if nobody else uses it. */
  close(timeoutMs?: number): Promise<void>;
}

/** Options and environment to a running intake; null where nothing is to be or can be recorded. Throws never. */
export function openIntake(options: RecorderOptions): OpenIntake | null {
  const { settings, problems } = resolveSettings(options, process.env);
  if (problems.length > 0) {
    // One finding of all: of several with one code only the first would be said.
    const holds = problems.length === 1 ? 'its default holds' : 'their defaults hold';
    noteFinding({ level: 'amber', code: 'setting', message: `${problems.join('; ')}; ${holds}` });
  }
  if (settings.disabled) return null;
  if (nodeIsTooOld()) {
    noteFinding({
      level: 'red',
      code: 'unusable',
      message: `nothing is recorded: this is Node ${process.versions.node}, ai-tracker-otel needs Node ${OLDEST_NODE} or later`,
    });
    return null;
  }
  const writer = acquireWriter(settings, ENTRY);
  const intake = new SpanIntake(writer);
  return {
    intake,
    close: (timeoutMs) => {
      intake.close();
      return releaseWriter(writer, timeoutMs);
    },
  };
}
