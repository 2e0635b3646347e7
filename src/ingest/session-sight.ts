import { createHash } from 'node:crypto';
import { count, text } from '../dialect/attributes.ts';
import { SENDER } from '../model/liveness.ts';
import type { Origin, ResourceRecord } from '../model/span-record.ts';
import type { SessionSight } from './session-rows.ts';

/** The attribute by which a process tells a receiver which session its spans belong to. */
const SESSION_ATTRIBUTE = 'ai_tracker.session.id';

const hash = (parts: readonly (string | number | null)[]): string =>
  SENDER + createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);

/** Says which run of which process the spans of a resource come from. One sight per resource and agent of a batch. */
export class SessionFinder {
  readonly #cache = new WeakMap<ResourceRecord, Map<string | null, SessionSight>>();

  of(resource: ResourceRecord, agentId: string | null, origin: Origin): SessionSight {
    let byAgent = this.#cache.get(resource);
    if (byAgent === undefined) this.#cache.set(resource, (byAgent = new Map()));
    let sight = byAgent.get(agentId);
    if (sight === undefined) byAgent.set(agentId, (sight = sightOf(resource, agentId, origin)));
    return sight;
  }
}

function sightOf(resource: ResourceRecord, agentId: string | null, origin: Origin): SessionSight {
  const a = resource.attributes;
  const serviceName = text(a, 'service.name');
  const instanceId = text(a, 'service.instance.id');
  const host = text(a, 'host.name');
  const pid = count(a, 'process.pid');
  const common = { serviceName, serviceVersion: text(a, 'service.version'), instanceId, host, pid };
  if (origin.door === 'process') {
    const { session } = origin;
    return { ...common, id: session.id, process: session, seenMs: session.startedMs, host: session.host, pid: session.pid };
  }
  // Without an instance id, host and pid tell two senders of one service apart.
  const id =
    text(a, SESSION_ATTRIBUTE) ??
    hash(instanceId === null ? [agentId, serviceName, host, pid] : [agentId, serviceName, instanceId]);
  return { ...common, id, process: null, seenMs: origin.receivedMs };
}
