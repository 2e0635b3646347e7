import { HttpSender } from '../../test/support/post.ts';
import { ServeProcess } from '../../test/support/serve-process.ts';
import { makeBodies } from '../data/otlp-bodies.ts';
import { argumentsOf, report } from '../measure.ts';

/**
 * What `serve` holds in memory while a thousand agents send in turn: the worst order for files held open and for what is
 * remembered of each. `BENCH_SPANS` says how many spans there are (200,000); 2,000,000 is the promise's own size.
 *
 * `node receiver-memory.ts serve FOLDER`
 */

const AGENTS = 1000;
const SENDERS = 4;
const SIZE = 100;
const [, folder] = argumentsOf();
if (folder === undefined) throw new Error('needs a folder');
const requests = Math.ceil(Number(process.env['BENCH_SPANS'] ?? 200_000) / SIZE);

const server = await ServeProcess.start({ folder });
const samples: number[] = [];
let next = 0;
const begin = performance.now();
await Promise.all(
  Array.from({ length: SENDERS }, async () => {
    const http = new HttpSender(server.url);
    while (next < requests) {
      const at = next++;
      const [body] = makeBodies(`bench-worker-${at % AGENTS}`, 1, at + 1, SIZE);
      const answer = await http.post('/v1/traces', body as Uint8Array);
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.toString()}`);
      if (at % 50 === 0) samples.push(server.memoryMb().now);
    }
    http.close();
  }),
);
const wallS = (performance.now() - begin) / 1000;
const { most } = server.memoryMb();
await server.stop();

const meanOf = (from: number, to: number): number => {
  const part = samples.slice(Math.floor(samples.length * from), Math.floor(samples.length * to));
  return part.reduce((sum, value) => sum + value, 0) / part.length;
};
// The first third warms up: every agent is met once in it.
const middleMb = meanOf(1 / 3, 2 / 3);
const lastMb = meanOf(2 / 3, 1);
report({ spans: requests * SIZE, wallS, middleMb, lastMb, mostMb: most, lastOverMiddle: lastMb / middleMb });
