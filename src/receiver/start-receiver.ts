import { type Receiver, type ReceiverOptions, ReceiverStartError } from './receiver.ts';

/**
 * Listens for OTLP over HTTP and for hook events.
 * @throws {ReceiverStartError} where it cannot listen.
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  throw new ReceiverStartError('other', `cannot listen on ${options.host}`);
}
