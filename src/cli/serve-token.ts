import { readFileSync } from 'node:fs';
import type { ServeSettings } from '../receiver/serve-settings.ts';
import { type Context, textOption } from './command.ts';
import { CommandError, EXIT } from './exit-code.ts';

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
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CommandError(EXIT.usage, `cannot read the token from ${file} (${from}): ${(error as Error).message}`);
  }
  if (text === '')
    throw new CommandError(EXIT.usage, `${file} (${from}) holds no token: it is empty; \`openssl rand -hex 24\` makes one`);
  return text;
}
