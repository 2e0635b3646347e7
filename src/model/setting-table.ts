/** Tables of options and environment variables, and the one parser of their texts. */

export type SettingType = 'text' | 'list' | 'pairs' | 'integer' | 'number' | 'port' | 'octal' | 'flag' | 'choice';

export interface SettingSpec<Option extends string = string> {
  /** Name of the option in `new AiTrackerSpanProcessor({...})`. */
  readonly option: Option;
  /** Environment variables, first wins. */
  readonly env: readonly string[];
  readonly type: SettingType;
  /** The values of a `choice`, in lower case; any case is read. */
  readonly choices?: readonly string[];
  /** What holds when neither is given, in words where it is not a plain value. */
  readonly byDefault: string;
  readonly doc: string;
}

/** An entry of the table of the settings `T`. */
export const settingOf =
  <T>() =>
  (
    option: keyof T & string,
    env: string | readonly string[],
    type: SettingType,
    byDefault: string,
    doc: string,
    choices?: readonly string[],
  ): SettingSpec<keyof T & string> => ({
    option,
    env: typeof env === 'string' ? [env] : env,
    type,
    byDefault,
    doc,
    ...(choices === undefined ? {} : { choices }),
  });

export class SettingError extends Error {
  override readonly name = 'SettingError';
}

const isTrue = (text: string): boolean => /^(1|true|yes|on)$/i.test(text);
const isFalse = (text: string): boolean => /^(0|false|no|off|)$/i.test(text);

/**
 * @param from what the text was given as: a variable, `--port`
 * @throws {SettingError}
 */
export function parseSetting({ type, choices = [] }: Pick<SettingSpec, 'type' | 'choices'>, text: string, from: string): unknown {
  const wrong = (want: string): never => {
    throw new SettingError(`${from}=${JSON.stringify(text)} is not ${want}`);
  };
  switch (type) {
    case 'text':
      return text;
    case 'list':
      return text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    case 'pairs':
      return text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
        .map((part) => {
          const at = part.indexOf('=');
          if (at <= 0) wrong('a list of key=value pairs');
          return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
        });
    case 'integer':
      return /^\d{1,12}$/.test(text.trim()) ? Number(text) : wrong('a whole number');
    case 'number':
      return /^\d{1,12}(\.\d+)?$/.test(text.trim()) ? Number(text) : wrong('a number');
    case 'port':
      return /^\d{1,5}$/.test(text.trim()) && Number(text) <= 65_535 ? Number(text) : wrong('a port, 0 to 65535');
    case 'octal':
      return /^0?o?[0-7]{3,4}$/.test(text.trim())
        ? Number.parseInt(text.replace(/^0?o/, ''), 8)
        : wrong('an octal file mode such as 0640');
    case 'choice': {
      const wanted = text.trim().toLowerCase();
      return choices.includes(wanted) ? wanted : wrong(`one of ${choices.join(', ')}`);
    }
    case 'flag':
      return isTrue(text) ? true : isFalse(text) ? false : wrong('a flag (1 or 0)');
  }
}

export interface Resolved<T> {
  readonly settings: T;
  /** Variables that could not be read; their defaults hold. */
  readonly problems: readonly string[];
}

/**
 * Kubernetes gives every container `NAME_PORT=tcp://10.0.0.1:4318` for each service of its namespace, so that a service called
 * `ai-tracker` would set ours.
 */
const isServiceLink = ({ type }: SettingSpec, text: string): boolean => type === 'port' && /^(tcp|udp):\/\//.test(text);

/** What is given first, then environment, then default. An empty text counts as not set, in both. */
export function resolveTable<T extends object>(
  table: readonly SettingSpec<keyof T & string>[],
  defaults: T,
  given: { readonly [K in keyof T]?: T[K] | undefined },
  env: NodeJS.ProcessEnv,
): Resolved<T> {
  const settings = { ...defaults } as Record<string, unknown>;
  const problems: string[] = [];
  for (const entry of table) {
    const { option, env: names } = entry;
    const value = given[option];
    if (value !== undefined && value !== null && (value as unknown) !== '') {
      settings[option] = value;
      continue;
    }
    for (const name of names) {
      const text = env[name];
      if (text === undefined || text === '' || isServiceLink(entry, text)) continue;
      try {
        settings[option] = parseSetting(entry, text, name);
      } catch (error) {
        problems.push((error as Error).message);
      }
      break;
    }
  }
  return { settings: settings as T, problems };
}
