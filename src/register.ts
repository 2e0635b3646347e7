/**
 * `node --import ai-tracker-otel/register app.js`: recording for deployments that may only set environment variables.
 *
 * Nothing but Node's own modules may be imported here statically: on a Node that is too old, loading the native SQLite
 * module ends the process with a segmentation fault, and a preloaded module that throws ends the host before it began.
 */
import process from 'node:process';
import { workerData } from 'node:worker_threads';

const OLDEST_NODE = 22;

const isOn = (value: string | undefined): boolean => /^(1|true|yes|on)$/i.test(value ?? '');
const isOurThread = (workerData as { aiTrackerWriter?: boolean } | null)?.aiTrackerWriter === true;

if (isOurThread || isOn(process.env['OTEL_SDK_DISABLED']) || isOn(process.env['AI_TRACKER_DISABLED'])) {
  // Not here.
} else if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  process.stderr.write(
    `ai-tracker: nothing is recorded: this is Node ${process.versions.node}, ai-tracker-otel needs Node ${OLDEST_NODE} or later\n`,
  );
} else {
  try {
    const { registerRecorder } = await import('./register-provider.ts');
    registerRecorder();
  } catch (error) {
    process.stderr.write(`ai-tracker: nothing is recorded: setting up failed: ${(error as Error).stack ?? String(error)}\n`);
  }
}
