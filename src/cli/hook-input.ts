export type HookInput =
  | { readonly status: 'read'; readonly bytes: Buffer }
  /** It went on for longer, or was larger, than a hook's input is. */
  | { readonly status: 'too slow' | 'too large' };

/** Reads stdin to its end. */
export function readHookInput(input: NodeJS.ReadableStream, maxBytes: number, maxMs: number): Promise<HookInput> {
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (result: HookInput): void => {
      clearTimeout(timer);
      done(result);
    };
    const timer = setTimeout(() => finish({ status: 'too slow' }), maxMs);
    input.on('data', (chunk: Buffer | string) => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      size += bytes.length;
      // What goes on is read and dropped, so that the agent's write does not fail.
      if (size > maxBytes) chunks.length = 0;
      else chunks.push(bytes);
    });
    const end = (): void => finish(size > maxBytes ? { status: 'too large' } : { status: 'read', bytes: Buffer.concat(chunks) });
    input.on('end', end);
    input.on('error', end);
  });
}
