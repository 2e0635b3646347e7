/** A worker without a line about telemetry in it: everything comes from `node --import ai-tracker-otel/register`. */
import { serveWorker } from './serve-worker.ts';

await serveWorker({}, async () => {});
