/** What one run of a scenario in its own process says: numbers by name. */
export type Figures = Record<string, number>;

/** Adds up the wall and the CPU of the whole process, all threads, between `start` and `stop`. */
export class Stopwatch {
  wallS = 0;
  cpuS = 0;
  #wall = 0;
  #cpu: NodeJS.CpuUsage | null = null;

  start(): void {
    this.#cpu = process.cpuUsage();
    this.#wall = performance.now();
  }

  /** Nothing where it was not started. */
  stop(): void {
    if (this.#cpu === null) return;
    this.wallS += (performance.now() - this.#wall) / 1000;
    const { user, system } = process.cpuUsage(this.#cpu);
    this.cpuS += (user + system) / 1e6;
    this.#cpu = null;
  }
}

/** The last line of a scenario's output; `run.ts` reads it. */
export function report(figures: Figures): void {
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

/** `node scenario.ts <competitor> [argument…]` */
export function argumentsOf(): readonly [competitor: string, ...rest: string[]] {
  const [competitor, ...rest] = process.argv.slice(2);
  if (competitor === undefined) throw new Error('usage: node bench/scenario/<name>.ts <competitor> [argument…]');
  return [competitor, ...rest];
}
