import { onTestFinished } from 'vitest';
import type { ForwardedRequest, Forwarding } from '../../src/forward/forwarding.ts';
import { type ForwardingOptions, openForwarding } from '../../src/forward/open-forwarding.ts';
import { observer, ownProcessStart } from '../../src/store/process-liveness.ts';

export const ownProcess = { observer: observer(), startedAt: ownProcessStart() };

/** A forwarding with a fast pulse, closed at the end of the test. */
export async function forwardingIn(
  folder: string,
  targets: ForwardingOptions['targets'],
  options: Partial<ForwardingOptions> = {},
): Promise<Forwarding> {
  const forwarding = await openForwarding({
    folder,
    targets,
    self: ownProcess,
    backOff: { firstMs: 10, maxMs: 40 },
    beatMs: 25,
    graceMs: 200,
    ...options,
  });
  onTestFinished(() => forwarding.close());
  return forwarding;
}

export const traces = (body: string | Uint8Array, more: Partial<ForwardedRequest> = {}): ForwardedRequest => ({
  signal: 'traces',
  contentType: 'application/x-protobuf',
  contentEncoding: null,
  body: Buffer.from(body),
  ...more,
});
