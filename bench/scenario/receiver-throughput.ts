import { join } from 'node:path';
import { ProtobufDecoder } from '../../src/otlp/decode-protobuf.ts';
import { HttpSender } from '../../test/support/post.ts';
import { ServeProcess } from '../../test/support/serve-process.ts';
import { BareInserts } from '../data/bare-inserts.ts';
import { BATCH, makeBodies } from '../data/otlp-bodies.ts';
import { argumentsOf, report, Stopwatch } from '../measure.ts';

/**
 * How many spans a second go into the files while senders wait for nothing but the answers. `serve`: a real process,
 * its senders in this one, each with one request under way and an agent of its own. `floor`: one process without HTTP that
 * decodes the same requests and inserts the rows that `serve` left behind, a transaction a request.
 *
 * `node receiver-throughput.ts serve|floor SYNCHRONOUS FOLDER [FOLDER OF serve]`
 */

const SENDERS = 8;
const REQUESTS = 40;
/** Sustained means: statements, caches and compiled code are warm. */
const WARM_UP = 10;
const [competitor, synchronous = 'normal', folder, from] = argumentsOf();
if (folder === undefined) throw new Error('needs a folder');

const agentId = (sender: number): string => `bench-worker-${sender}`;
const fileOf = (inFolder: string, sender: number): string => join(inFolder, `${agentId(sender)}.db`);
const senders = Array.from({ length: SENDERS }, (_, i) => ({ i, bodies: makeBodies(agentId(i), REQUESTS, i + 1) }));

async function serve(dir: string): Promise<void> {
  const server = await ServeProcess.start({ folder: dir, env: { AI_TRACKER_SYNCHRONOUS: synchronous } });
  const http = senders.map(() => new HttpSender(server.url));
  const send = (first: number, last: number): Promise<unknown> =>
    Promise.all(
      senders.map(async ({ i, bodies }) => {
        for (const body of bodies.slice(first, last)) {
          const answer = await http[i]?.post('/v1/traces', body);
          if (answer?.status !== 200) throw new Error(`${answer?.status} ${answer?.body.toString()}`);
        }
      }),
    );
  await send(0, WARM_UP);
  const cpu = server.cpuSeconds();
  const begin = performance.now();
  await send(WARM_UP, REQUESTS);
  const wallS = (performance.now() - begin) / 1000;
  tell(wallS, server.cpuSeconds() - cpu);
  for (const sender of http) sender.close();
  await server.stop();
}

function floor(dir: string, source: string): void {
  const decoder = new ProtobufDecoder();
  const files = senders.map(({ i }) => new BareInserts(fileOf(source, i), fileOf(dir, i), synchronous));
  const watch = new Stopwatch();
  for (let request = 0; request < REQUESTS; request++) {
    for (const { i, bodies } of senders) {
      const file = files[i] as BareInserts;
      file.load(request, REQUESTS);
      if (request >= WARM_UP) watch.start();
      decoder.decode(bodies[request] as Uint8Array, 'traces');
      file.insert(request);
      watch.stop();
    }
  }
  for (const file of files) file.close();
  tell(watch.wallS, watch.cpuS);
}

function tell(wallS: number, cpuS: number): void {
  const spans = SENDERS * (REQUESTS - WARM_UP) * BATCH;
  report({ spans, wallS, cpuS, spansPerSecond: spans / wallS, spansPerCpuSecond: spans / cpuS });
}

if (competitor === 'floor') floor(folder, from ?? '');
else await serve(folder);
