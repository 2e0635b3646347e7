import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { ServeSettings } from '../receiver/serve-settings.ts';
import { type Context, textOption } from './command.ts';
import { CommandError, EXIT } from './exit-code.ts';

const TOKEN_FILE_MAX_BYTES = 4096;

/**
 * What senders must show: options stand above the environment, the token itself above a file that holds it.
 * @throws {CommandError}
 */
export function serveToken(context: Pick<Context, 'options'>, settings: ServeSettings): string | null {
  const token = textOption(context, 'token');
  const file = textOption(context, 'token-file');
  if (token !== null && file !== null) throw new CommandError(EXIT.usage, 'give --token or --token-file, not both');
  if (token !== null) return token;
  if (file !== null) return readToken(file, '--token-file');
  if (settings.token !== null) return settings.token;
  return settings.tokenFile === null ? null : readToken(settings.tokenFile, 'AI_TRACKER_TOKEN_FILE');
}

function readToken(file: string, from: string): string {
  let text: string;
  try {
    text = firstBytes(file).trim();
  } catch (error) {
    throw new CommandError(EXIT.usage, `cannot read the token from ${file} (${from}): ${(error as Error).message}`);
  }
  if (text === '')
    throw new CommandError(EXIT.usage, `${file} (${from}) holds no token: it is empty; \`openssl rand -hex 24\` makes one`);
  return text;
}

/** A pipe would hold the start for ever, a device would never end: only a plain file, and no more of it than a token has. */
function firstBytes(file: string): string {
  // Without O_NONBLOCK opening a pipe waits for somebody to write to it.
  const fd = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(fd).isFile()) throw new Error('it is no plain file; write the token into one, mode 0600');
    const bytes = Buffer.alloc(TOKEN_FILE_MAX_BYTES + 1);
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    if (length > TOKEN_FILE_MAX_BYTES)
      throw new Error(`it has more than ${TOKEN_FILE_MAX_BYTES} bytes; name a file that holds the token alone`);
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
  }
}
