const said = new Set<string>();

/** One line on stderr, the same one once per process: a recorder that fails must be heard, and must not flood a log. */
export function sayOnce(message: string): void {
  if (said.has(message) || said.size >= 100) return;
  said.add(message);
  try {
    process.stderr.write(`ai-tracker: ${message}\n`);
  } catch {
    // stderr may be closed or a full pipe. The finding is in health() in any case.
  }
}
