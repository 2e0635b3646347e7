import { setTimeout as sleep } from 'node:timers/promises';
import { HttpSender } from '../../test/support/post.ts';
import { ServeProcess } from '../../test/support/serve-process.ts';
import { makeBodies } from '../data/otlp-bodies.ts';
import { argumentsOf, report } from '../measure.ts';

/**
 * How long a sender waits for its 200: `alone` is one that sends a batch of 512 spans a second, `crowd` sixteen such
 * senders, each with an agent of its own, their seconds begun at different times.
 *
 * `node receiver-latency.ts alone|crowd FOLDER`
 */

const SECONDS = 30;
/** Compiles what is hot, and lets the heap grow to what it needs. */
const WARM_UP = 10;
const [competitor, folder] = argumentsOf();
if (folder === undefined) throw new Error('needs a folder');
const count = competitor === 'crowd' ? 16 : 1;

const senders = Array.from({ length: count }, (_, i) => makeBodies(`bench-worker-${i}`, SECONDS + WARM_UP, i + 1));
const server = await ServeProcess.start({ folder });
const begin = performance.now() + 100;
const latencies = await Promise.all(
  senders.map(async (bodies, i) => {
    const http = new HttpSender(server.url);
    const times: number[] = [];
    for (const [second, body] of bodies.entries()) {
      await sleep(Math.max(0, begin + (second + i / count) * 1000 - performance.now()));
      const sent = performance.now();
      const answer = await http.post('/v1/traces', body);
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.toString()}`);
      if (second >= WARM_UP) times.push(performance.now() - sent);
    }
    http.close();
    return times;
  }),
);
await server.stop();

const sorted = latencies.flat().sort((a, b) => a - b);
const quantile = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
report({ requests: sorted.length, p50Ms: quantile(0.5), p90Ms: quantile(0.9), p99Ms: quantile(0.99), mostMs: quantile(1) });
