import type { HealthFinding } from '../model/health.ts';
import { locateFile, locateReserved, lookingProbe, makingProbe } from '../store/agent-file.ts';
import { type Agent, agentKey, agentNamed } from './agent-of.ts';
import type { RecorderConfig } from './recorder-config.ts';

/** Files whose place is remembered although they are not open. */
const REMEMBERED_PLACES = 20_000;

/** Where the file of each agent lies; looked for once, folders included. */
export class AgentPlaces {
  readonly #config: RecorderConfig;
  readonly #find: (key: string, finding: HealthFinding) => void;
  readonly #paths = new Map<string, string>();

  /** @param find hears of a place that is not the one that was asked for. */
  constructor(config: RecorderConfig, find: (key: string, finding: HealthFinding) => void) {
    this.#config = config;
    this.#find = find;
  }

  /** Makes folders where they are missing. @throws {StoreError} */
  of(agent: Agent): string {
    const key = agentKey(agent);
    let path = this.#paths.get(key);
    if (path === undefined) {
      const { settings, env } = this.#config;
      const probe = makingProbe(settings.fileMode);
      const location =
        agent.kind === 'unassigned'
          ? locateReserved('unassigned', settings, env, probe)
          : locateFile(agent.kind === 'named' ? agent.id : null, settings, env, probe);
      path = location.path;
      if (location.fallback !== null) this.#find(`folder:${path}`, location.fallback);
      if (location.notice !== null) this.#find(`notice:${path}`, { level: 'amber', code: 'old-file', message: location.notice });
      if (this.#paths.size >= REMEMBERED_PLACES) this.#paths.clear();
      this.#paths.set(key, path);
    }
    return path;
  }

  /** Where it would lie; makes nothing. @throws {StoreError} */
  ofNamed(agentId: string): string {
    const { settings, env } = this.#config;
    return this.#paths.get(agentKey(agentNamed(agentId))) ?? locateFile(agentId, settings, env, lookingProbe).path;
  }

  /** Something is wrong with the place: it is looked for anew. */
  forget(path: string): void {
    for (const [key, place] of this.#paths) if (place === path) this.#paths.delete(key);
  }
}
