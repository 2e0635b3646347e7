import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { makeGuard } from './guard.ts';
import { type HandlerParts, handleRequest } from './handle-request.ts';
import { RECEIVER_LIMITS, type ReceiverLimits } from './limits.ts';
import { addressOf } from './listen-address.ts';
import { MemoryBudget } from './memory-budget.ts';
import { type Receiver, type ReceiverOptions, ReceiverStartError, type StartProblem } from './receiver.ts';
import { type Refusal, tryLater } from './refusal.ts';
import { type Outcome, refusalReply, refuse, sendReply } from './reply.ts';
import { pathOf, routeOf } from './routes.ts';
import { Traffic } from './traffic.ts';
import { endBrokenConnection, protocolOf, type WireError } from './wire-errors.ts';

/** How often slow requests are looked for, ms; at most a tenth of the time that they have. */
const MAX_CHECK_MS = 1000;

/**
 * Listens for OTLP over HTTP and for hook events.
 * @throws {ReceiverStartError} where it cannot listen.
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const address = await addressOf(options.host);
  const guard = makeGuard(options, address);
  const limits = { ...RECEIVER_LIMITS, ...options.limits };
  const { storing, forwarding, pages } = options;
  const budget = new MemoryBudget(limits.memoryBytes);
  const traffic = new Traffic();
  const receiving = new Receiving({ storing, forwarding, pages, guard, limits, budget }, traffic, options);
  const server = makeServer(limits, receiving, traffic);
  await listen(server, address, options);
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | null = null;
  return {
    address: { host: address, port, url: `http://${address.includes(':') ? `[${address}]` : address}:${port}` },
    report: () => traffic.report(budget.used),
    close: () => (closed ??= receiving.close(server)),
  };
}

/** The requests between their headers and the end of their answers. */
class Receiving {
  readonly #parts: HandlerParts;
  readonly #traffic: Traffic;
  readonly #told: Pick<ReceiverOptions, 'onDefect' | 'onAnswered'>;
  /** Requests that are not answered yet, by connection. */
  readonly #owed = new WeakMap<Socket, number>();
  readonly #sockets = new Set<Socket>();
  #isClosing = false;

  constructor(parts: HandlerParts, traffic: Traffic, told: Pick<ReceiverOptions, 'onDefect' | 'onAnswered'>) {
    this.#parts = parts;
    this.#traffic = traffic;
    this.#told = told;
  }

  connect(socket: Socket): void {
    this.#sockets.add(socket);
    this.#traffic.connected();
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#traffic.disconnected();
    });
  }

  owedTo(socket: Socket): number {
    return this.#owed.get(socket) ?? 0;
  }

  async take(request: IncomingMessage, response: ServerResponse, waits: boolean): Promise<void> {
    const { socket } = request;
    if (this.owedTo(socket) >= this.#parts.limits.pipelined) {
      // Node reads on while answers are being made: a client that never reads them would cost a page of memory for each.
      socket.destroy();
      return;
    }
    const startedMs = performance.now();
    this.#owed.set(socket, this.owedTo(socket) + 1);
    response.once('close', () => this.#owed.set(socket, this.owedTo(socket) - 1));
    const route = routeOf(pathOf(request.url ?? ''));
    let proceeded = !waits;
    const proceed = (): void => {
      if (!proceeded) response.writeContinue();
      proceeded = true;
    };
    let outcome: Outcome;
    try {
      outcome = this.#isClosing ? refuse(STOPPING) : await handleRequest(request, route, this.#parts, proceed);
    } catch (error) {
      this.#told.onDefect?.(error as Error);
      outcome = refuse(defect(error as Error));
    }
    if (outcome.what === 'gone') {
      this.#traffic.aborted();
      response.destroy();
      return;
    }
    if (outcome.what === 'refusal') this.#traffic.refused(outcome.refusal.reason);
    const reply = outcome.what === 'reply' ? outcome.reply : refusalReply(request, outcome.refusal);
    const name = route?.name ?? 'other';
    this.#traffic.answered(name, reply.status);
    this.#told.onAnswered?.(name, reply.status, (performance.now() - startedMs) / 1000);
    const lingerMs = proceeded ? this.#parts.limits.lingerMs : 0;
    sendReply(request, response, reply, { lingerMs, isClosing: this.#isClosing });
  }

  async close(server: Server): Promise<void> {
    this.#isClosing = true;
    const ended = new Promise<void>((resolve) => server.close(() => resolve()));
    // Node ends those that are idle between two requests, and would wait for those that never sent one.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    const late = setTimeout(() => server.closeAllConnections(), this.#parts.limits.closeMs);
    await ended;
    clearTimeout(late);
  }
}

const STOPPING = tryLater('stopping', 'the receiver is stopping; try again when it is back', 5);

const defect = (error: Error): Refusal => ({
  reason: 'defect',
  status: 500,
  message: `a mistake of the receiver's own (${error.name}); please report it with what was sent`,
});

function makeServer(limits: ReceiverLimits, receiving: Receiving, traffic: Traffic): Server {
  const server = createServer({
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: Math.min(MAX_CHECK_MS, limits.headersMs / 10),
  });
  server.maxConnections = limits.connections;
  // A peer that vanished without a word while its answer was made: nothing else would ever end its connection.
  server.setTimeout(2 * Math.max(limits.requestMs, limits.idleMs));
  server.on('request', (request, response) => void receiving.take(request, response, false));
  server.on('checkContinue', (request, response) => void receiving.take(request, response, true));
  server.on('connection', (socket: Socket) => receiving.connect(socket));
  server.on('drop', () => traffic.turnedAway());
  server.on('clientError', (error: WireError, socket: Socket) => {
    const protocol = protocolOf(error);
    if (protocol !== null) traffic.notHttp(protocol);
    endBrokenConnection(error, socket, receiving.owedTo(socket));
  });
  return server;
}

function listen(server: Server, host: string, options: ReceiverOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(startError(error, options)));
    server.listen({ host, port: options.port }, resolve);
  });
}

const PROBLEM: Readonly<Record<string, readonly [StartProblem, string]>> = {
  EADDRINUSE: ['in-use', 'something else listens there; stop it, or take another port'],
  EACCES: ['denied', 'this user may not; take a port above 1023'],
  EADDRNOTAVAIL: ['no-such-address', 'this machine has no such address; take 127.0.0.1, or an address of this machine'],
};

function startError(error: NodeJS.ErrnoException, { host, port }: ReceiverOptions): ReceiverStartError {
  const [problem, why] = PROBLEM[error.code ?? ''] ?? ['other' as const, error.message];
  return new ReceiverStartError(problem, `cannot listen on ${host}, port ${port}: ${why}`, error);
}
