/** What one run of a scenario in its own process says: numbers by name. */
export type Figures = Record<string, number>;

/** CPU of the whole process (all threads) and the wall, seconds, from a call to the next. */
export function stopwatch(): () => { readonly wallS: number; readonly cpuS: number } {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  return () => {
    const spent = process.cpuUsage(cpu);
    return { wallS: (performance.now() - wall) / 1000, cpuS: (spent.user + spent.system) / 1e6 };
  };
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
