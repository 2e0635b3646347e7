import { attributeFilter, keepsEvent } from '../../dialect/kept-attributes.ts';
import { Recorder } from '../../ingest/recorder.ts';
import type { DecodeOptions } from '../../otlp/decoded.ts';
import { readRequests } from '../../otlp/read-requests.ts';
import { type Command, type Context, flagOption, PLACE_OPTIONS, textOption } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { BatchFeed } from '../ingest-batches.ts';
import { type FileReading, writeReadingReport } from '../ingest-report.ts';
import { assertPlaceTakes } from '../writing-place.ts';

/** Longest wait for another process that holds the file. */
const BUSY_TIMEOUT_MS = 10_000;
/** Problems of one file that are told one by one; of the rest only the number. */
const MOST_TOLD = 10;

/** Why a file cannot be read and what to do, by the file system's code; of others their own message is told. */
const UNREADABLE: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder; name the files in it',
  ENOENT: 'there is no such file; check the path',
  ENOTDIR: 'a part of its path is no folder; check the path',
  EACCES: 'permission denied; check its owner and mode',
};

export const ingest: Command = {
  name: 'ingest',
  usage: 'FILE… [OPTIONS]',
  about:
    'Takes in OTLP files: JSON or protobuf, traces or logs, gzipped or not; one request, a list of requests, or one request a line. - is stdin. Taking a file in twice changes nothing. What is malformed is told and counted, the rest is recorded, and the exit code is 1.',
  options: {
    agent: { type: 'string', value: 'ID', doc: 'whose rows these are, whatever the spans say' },
    ...PLACE_OPTIONS,
    json: { type: 'boolean', doc: 'print what was read and what became of it as JSON' },
  },
  examples: ['ai-tracker ingest traces.json', 'zcat spans.jsonl.gz | ai-tracker ingest - --agent worker-7'],
  arguments: [1, Number.POSITIVE_INFINITY],
  async run(context): Promise<ExitCode> {
    const { env, settings, positionals } = context;
    assertPlaceTakes(context);
    const recorder = new Recorder({ settings, env, busyTimeoutMs: BUSY_TIMEOUT_MS });
    try {
      const feed = new BatchFeed(recorder, textOption(context, 'agent'), context.nowMs);
      const readings: FileReading[] = [];
      for (const file of positionals) readings.push(await readFile(file, feed, context));
      feed.flush();
      recorder.settle();
      recorder.sweep();
      writeReadingReport(context.out, readings, recorder.report(), feed.failures, flagOption(context, 'json'));
      if (feed.failures.length > 0 || readings.some((reading) => reading.error !== null)) return EXIT.environment;
      const isWhole = readings.every(({ malformed, rejected }) => malformed === 0 && Object.keys(rejected).length === 0);
      return isWhole ? EXIT.done : EXIT.notFound;
    } finally {
      recorder.close();
    }
  },
};

async function readFile(file: string, feed: BatchFeed, { input, settings, out }: Context): Promise<FileReading> {
  const reading: FileReading = { file, requests: 0, spans: 0, logs: 0, rejected: {}, malformed: 0, error: null };
  const name = file === '-' ? 'stdin' : file;
  const options: DecodeOptions = {
    keepsAttribute: attributeFilter([...settings.labelKeys, ...(settings.agentAttributes ?? [])]),
    keepsEvent,
  };
  try {
    for await (const { parts, problems } of readRequests(file, input, options)) {
      reading.requests += 1;
      for (const problem of problems) {
        reading.malformed += 1;
        if (reading.malformed <= MOST_TOLD) out.note(`${name}: ${problem}`);
      }
      for (const part of parts) {
        reading.spans += part.spans.length;
        reading.logs += part.logs.length + part.skippedLogs;
        for (const [reason, count] of Object.entries(part.rejected)) {
          reading.rejected[reason] = (reading.rejected[reason] ?? 0) + count;
        }
        feed.add(part);
      }
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string') throw error;
    reading.error = UNREADABLE[code] ?? message;
    out.note(`cannot read ${name}: ${reading.error}${reading.requests > 0 ? '; what was read before that is recorded' : ''}`);
    return reading;
  }
  if (reading.malformed > MOST_TOLD) out.note(`${name}: and ${reading.malformed - MOST_TOLD} more like these`);
  if (reading.requests === 0) {
    reading.malformed = 1;
    out.note(`${name}: it is empty`);
  }
  return reading;
}
