import { absolutePath } from '../../model/absolute-path.ts';
import { packageVersion } from '../../model/package-version.ts';
import { parseSetting, resolveTable } from '../../model/setting-table.ts';
import { openService, type Service, ServiceStartError } from '../../receiver/open-service.ts';
import { boundsThatRefuseAll, SERVE_DEFAULTS, SERVE_SETTINGS, type ServeSettings } from '../../receiver/serve-settings.ts';
import { type Command, type Context, flagOption, PLACE_OPTIONS, textOption } from '../command.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { portHolder } from '../port-holder.ts';
import { ServeLog } from '../serve-log.ts';
import { serveToken } from '../serve-token.ts';
import { assertPlaceTakes, folderThatTakes } from '../writing-place.ts';

const TICK_MS = 1000;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Options that are settings of the receiver. The token is none of them: it is read by itself, and never shown. */
const OF_SETTINGS: Readonly<Record<string, keyof ServeSettings>> = {
  host: 'host',
  port: 'port',
  'allow-host': 'allowHosts',
  forward: 'forwardEndpoint',
};

export const serve: Command = {
  name: 'serve',
  usage: '[OPTIONS]',
  about:
    'Takes in what others send: OTLP over HTTP (traces and logs, protobuf or JSON) and hook events. An answer of 200 means that the rows are on disk. Runs until it is stopped; SIGTERM and Ctrl-C answer what is in flight first. Most options have an environment variable, and there are more of these: docs/receiver.md.',
  options: {
    host: { type: 'string', value: 'ADDRESS', doc: 'address to listen on, 127.0.0.1 where not given; others need a token' },
    port: { type: 'string', value: 'N', doc: 'port to listen on, 4318 where not given; 0 takes any that is free' },
    'token-file': { type: 'string', value: 'FILE', doc: 'file that holds what senders must show as a bearer token' },
    token: { type: 'string', value: 'TOKEN', doc: 'the token itself; other users of this machine can see it here' },
    'allow-host': {
      ...{ type: 'string', value: 'NAME', multiple: true },
      doc: 'a further name by which a loopback address may be called; may be given several times',
    },
    forward: { type: 'string', value: 'URL', doc: 'OTLP endpoint to which all that comes is passed on, unchanged' },
    agent: { type: 'string', value: 'ID', doc: 'whose rows these are, whatever the spans say' },
    ...PLACE_OPTIONS,
    quiet: {
      type: 'boolean',
      doc: 'say nothing but what is wrong; with --json too: what is wrong, and that it is over, as JSON',
    },
    json: { type: 'boolean', doc: 'say everything as JSON, one object a line' },
  },
  examples: [
    'ai-tracker serve',
    'ai-tracker serve --forward https://otlp.example.com',
    'ai-tracker serve --host 0.0.0.0 --token-file /run/secrets/ai-tracker',
  ],
  arguments: [0, 0],
  refusesUnreadableSettings: true,
  goesOnUnheard: true,
  async run(context): Promise<ExitCode> {
    const { settings, env, out } = context;
    if (settings.disabled)
      throw new CommandError(EXIT.usage, 'AI_TRACKER_DISABLED is set, so nothing would be recorded; unset it');
    const serve = serveSettings(context);
    const token = serveToken(context, serve);
    assertPlaceTakes(context);
    const log = new ServeLog(out, { json: flagOption(context, 'json'), quiet: flagOption(context, 'quiet') });
    const agentId = textOption(context, 'agent');
    const onDefect = (error: Error): void => out.note(`a mistake of ours, please report: ${error.stack ?? error.message}`);
    // From before it listens: who sees that it does may stop it at once.
    const signal = firstSignal();
    const service = await start({ settings, serve, token, agentId, env, onDefect });
    const { folder, why } = settings.dbPath === null ? folderThatTakes(context) : { folder: settings.dbPath, why: null };
    if (why !== null) out.note(why);
    const files = absolutePath(folder);
    log.started({ url: service.url, version: packageVersion(), files, forwards: service.forwards, agentId });
    await runUntil(signal, service, log);
    return EXIT.done;
  },
};

function serveSettings(context: Context): ServeSettings {
  const given: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(OF_SETTINGS)) {
    const text = textOption(context, name);
    const spec = SERVE_SETTINGS.find((entry) => entry.option === option);
    if (text === null || spec === undefined) continue;
    try {
      given[option] = parseSetting(spec, text, `--${name}`);
    } catch (error) {
      throw new CommandError(EXIT.usage, (error as Error).message);
    }
  }
  const { settings, problems } = resolveTable<ServeSettings>(SERVE_SETTINGS, SERVE_DEFAULTS, given, context.env);
  const wrong = [...problems, ...boundsThatRefuseAll(settings)];
  if (wrong.length > 0) throw new CommandError(EXIT.usage, wrong.join('; '));
  return settings;
}

async function start(options: Parameters<typeof openService>[0]): Promise<Service> {
  try {
    return await openService(options);
  } catch (error) {
    if (!(error instanceof ServiceStartError)) throw error;
    if (error.fault !== 'port') throw new CommandError(error.fault === 'usage' ? EXIT.usage : EXIT.environment, error.message);
    const { host, port } = options.serve;
    const holder = await portHolder(host, port);
    const who = holder === null ? 'something else listens there' : `${holder} listens there`;
    throw new CommandError(EXIT.environment, `cannot listen on ${host}, port ${port}: ${who}; stop it, or take another --port`);
  }
}

/** Signals are heard once: a second one ends the process as it would any other. */
function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    const hear = (name: string): void => {
      for (const each of SIGNALS) process.off(each, hear);
      resolve(name);
    };
    for (const each of SIGNALS) process.on(each, hear);
  });
}

/** Resolves when the service has stopped. */
async function runUntil(signalled: Promise<string>, service: Service, log: ServeLog): Promise<void> {
  const ticking = setInterval(() => log.tick(service.health(), Date.now()), TICK_MS);
  const signal = await signalled;
  log.stopping(signal, service.health().waiting.requests);
  await service.close();
  clearInterval(ticking);
  log.stopped(service.health());
}
