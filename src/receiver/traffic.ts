import type { ReceiverReport, RefusalReason, RouteName } from './receiver.ts';

/** Counts what came and what was answered. */
export class Traffic {
  readonly #answered = new Map<RouteName, Map<number, number>>();
  readonly #refused: Partial<Record<RefusalReason, number>> = {};
  readonly #notHttp = { grpc: 0, tls: 0, other: 0 };
  #aborted = 0;
  #turnedAway = 0;
  #connections = 0;

  answered(route: RouteName, status: number): void {
    const statuses = this.#answered.get(route) ?? new Map<number, number>();
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    this.#answered.set(route, statuses);
  }

  refused(reason: RefusalReason): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
  }

  aborted(): void {
    this.#aborted++;
  }

  turnedAway(): void {
    this.#turnedAway++;
  }

  notHttp(protocol: keyof ReceiverReport['notHttp']): void {
    this.#notHttp[protocol]++;
  }

  connected(): void {
    this.#connections++;
  }

  disconnected(): void {
    this.#connections--;
  }

  report(bodyBytes: number): ReceiverReport {
    return {
      answered: [...this.#answered].flatMap(([route, statuses]) =>
        [...statuses].map(([status, count]) => ({ route, status, count })),
      ),
      refused: { ...this.#refused },
      aborted: this.#aborted,
      notHttp: { ...this.#notHttp },
      turnedAway: this.#turnedAway,
      connections: this.#connections,
      bodyBytes,
    };
  }
}
