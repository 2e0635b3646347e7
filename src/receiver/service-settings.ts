import type { Settings } from '../model/settings.ts';

/** Settings of a service: the agent is in what comes, never in this process's environment; a power cut loses nothing that was answered. */
export const settingsOfService = (settings: Settings): Settings => ({
  ...settings,
  agentId: null,
  synchronous: settings.synchronous ?? 'full',
});
