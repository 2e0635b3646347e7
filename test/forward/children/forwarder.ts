import { createInterface } from 'node:readline';
import { openForwarding } from '../../../src/forward/open-forwarding.ts';
import { observer, ownProcessStart } from '../../../src/store/process-liveness.ts';

/**
 * Forwards traces from a folder to a URL: `forwarder.ts FOLDER URL MAX_MB`. Each line on stdin is a count: so many bodies
 * are offered, `<pid> <n>` padded to 2 kB; says `offered` when all are in the queue or counted as dropped.
 */
const [, , folder = '', url = '', maxMb = '512'] = process.argv;
const forwarding = await openForwarding({
  folder,
  targets: { traces: { url: new URL(url), headers: { authorization: 'Bearer very-secret-key' } } },
  self: { observer: observer(), startedAt: ownProcessStart() },
  maxMb: Number(maxMb),
  backOff: { firstMs: 10, maxMs: 40 },
  beatMs: 25,
});
process.stdout.write('open\n');
let offered = 0;
for await (const line of createInterface({ input: process.stdin })) {
  for (let left = Number(line); left > 0; left--) {
    const body = Buffer.from(`${process.pid} ${offered++} `.padEnd(2048, 'x'));
    await forwarding.offer({ signal: 'traces', contentType: 'application/x-protobuf', contentEncoding: null, body });
    process.stdout.write(`${JSON.stringify(forwarding.report())}\n`);
  }
  process.stdout.write('offered\n');
}
await forwarding.close();
