import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ForwardTargets, forwardTargets, targetName } from '../forward/forward-targets.ts';
import { type Forwarding, SIGNALS } from '../forward/forwarding.ts';
import { openForwarding } from '../forward/open-forwarding.ts';
import { pointsAt } from '../forward/points-at.ts';
import { makeFolder } from '../model/make-folder.ts';
import type { Settings } from '../model/settings.ts';
import { spoolFolders } from '../spool/spool-folder.ts';
import { observer, ownProcessStart } from '../store/process-liveness.ts';
import { type Receiver, ReceiverStartError } from './receiver.ts';
import { forwardSettingsOf, type ServeSettings } from './serve-settings.ts';
import { type ServiceHealth, serviceHealth } from './service-health.ts';
import { ServiceMetrics } from './service-metrics.ts';
import { servicePages } from './service-pages.ts';
import { startReceiver } from './start-receiver.ts';
import { StoreThread } from './store-thread.ts';

const MIB = 1024 * 1024;

export interface ServiceOptions {
  readonly settings: Settings;
  readonly serve: ServeSettings;
  /** What senders must show; `serve.token` and `serve.tokenFile` are read by then. */
  readonly token: string | null;
  /** Whose all of it is, whatever the spans say. */
  readonly agentId: string | null;
  readonly env: NodeJS.ProcessEnv;
  readonly onDefect: (error: Error) => void;
}

/** A running receiver with all that stands behind it. */
export interface Service {
  readonly url: string;
  /** Where each signal goes on to, without what may be secret of it; empty: nowhere. */
  readonly forwards: readonly { readonly signal: string; readonly target: string }[];
  health(): ServiceHealth;
  /** Answers what is in flight, then lets go of the files. What waits to be passed on stays on disk. */
  close(): Promise<void>;
}

/** Why a service does not start, in words for who configured it. */
export class ServiceStartError extends Error {
  override readonly name = 'ServiceStartError';
  /** `usage`: what was asked for cannot be; `port`: somebody else listens there. */
  readonly fault: 'usage' | 'port' | 'environment';
  constructor(fault: ServiceStartError['fault'], message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.fault = fault;
  }
}

/** @throws {ServiceStartError} */
export async function openService(options: ServiceOptions): Promise<Service> {
  const { settings, serve, token, env, onDefect } = options;
  const targets = targetsOf(serve);
  const startedMs = Date.now();
  const storing = await openThread(options);
  let forwarding: Forwarding | null = null;
  let receiver: Receiver | null = null;
  const health = (): ServiceHealth =>
    serviceHealth({
      ...{ state: storing.state, isWriting: storing.isAlive, silentMs: storing.silentMs, waiting: storing.waiting },
      ...{ forward: forwarding?.report() ?? null, receiver: receiver?.report() ?? null, startedMs, nowMs: Date.now() },
    });
  const metrics = new ServiceMetrics(health);
  try {
    forwarding = await openQueue(targets, serve, settings, env);
    receiver = await startReceiver({
      ...{ storing, forwarding, host: serve.host, port: serve.port, token, allowHosts: serve.allowHosts, onDefect },
      pages: servicePages(health, metrics),
      onAnswered: (route, _status, seconds) => metrics.answered(route, seconds),
      limits: {
        bodyBytes: serve.bodyMaxMb * MIB,
        unpackedBytes: serve.unpackedMaxMb * MIB,
        memoryBytes: serve.memoryMaxMb * MIB,
        connections: serve.connectionsMax,
      },
    });
    refuseCircle(targets, receiver.address);
  } catch (error) {
    await receiver?.close();
    await Promise.all([storing.close(), forwarding?.close()]);
    throw asStartError(error);
  }
  const started = { receiver, forwarding };
  return {
    url: receiver.address.url,
    forwards: SIGNALS.flatMap((signal) => {
      const target = targets[signal];
      return target === undefined ? [] : [{ signal, target: targetName(target.url) }];
    }),
    health,
    close: async () => {
      await started.receiver.close();
      await Promise.all([storing.close(), started.forwarding?.close()]);
    },
  };
}

function targetsOf(serve: ServeSettings): ForwardTargets {
  const found = forwardTargets(forwardSettingsOf(serve));
  if (found.status === 'wrong') throw new ServiceStartError('usage', found.message);
  refuseCircle(found.targets, serve);
  return found.targets;
}

/** A receiver that forwards to itself would take in for ever what it sends. */
function refuseCircle(targets: ForwardTargets, { host, port }: { readonly host: string; readonly port: number }): void {
  for (const signal of SIGNALS) {
    const target = targets[signal];
    if (target === undefined || port === 0 || !pointsAt(target.url, host, port)) continue;
    throw new ServiceStartError(
      'usage',
      `${targetName(target.url)} is this receiver itself: forward ${signal} to where your vendor or collector listens, or take another --port`,
    );
  }
}

async function openThread({ settings, serve, agentId }: ServiceOptions): Promise<StoreThread> {
  try {
    return await StoreThread.open({ settings, agentId, maxRequests: serve.requestsMax, maxBytes: serve.memoryMaxMb * MIB });
  } catch (error) {
    throw new ServiceStartError('environment', `the thread that writes does not start: ${(error as Error).message}`, error);
  }
}

/** Null where nothing is to be forwarded. What an earlier start left is opened without a target too, so that it is said. */
async function openQueue(
  targets: ForwardTargets,
  serve: ServeSettings,
  settings: Settings,
  env: NodeJS.ProcessEnv,
): Promise<Forwarding | null> {
  const folders = spoolFolders(settings, env).candidates.map((folder) => join(folder, 'forward'));
  const hasTarget = SIGNALS.some((signal) => targets[signal] !== undefined);
  const folder = hasTarget ? firstThatCanBeMade(folders) : folders.find(isFilled);
  if (folder === undefined) return null;
  return openForwarding({
    folder,
    targets,
    self: { observer: observer(), startedAt: ownProcessStart() },
    maxMb: serve.forwardMaxMb,
    maxHours: serve.forwardHours,
  });
}

/** Where none can be made, the queue itself says so of the first. */
const firstThatCanBeMade = (folders: readonly string[]): string | undefined =>
  folders.find((folder) => {
    try {
      makeFolder(folder);
      return true;
    } catch {
      return false;
    }
  }) ?? folders[0];

const isFilled = (folder: string): boolean => {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
};

function asStartError(error: unknown): unknown {
  if (!(error instanceof ReceiverStartError)) return error;
  const USAGE = new Set(['no-such-address', 'token-missing', 'token-unusable', 'allow-host-unusable']);
  const fault = error.problem === 'in-use' ? 'port' : USAGE.has(error.problem) ? 'usage' : 'environment';
  return new ServiceStartError(fault, error.message, error);
}
