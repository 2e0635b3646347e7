/** What Claude Code's telemetry, and all that it starts, says of itself. */
export const RESOURCE_ATTRIBUTES = 'OTEL_RESOURCE_ATTRIBUTES';

/** The variables by which hooks, and telemetry where it is sent, name the agent: one without the other is two places. */
export const agentEnv = (agentId: string, withTelemetry: boolean): Readonly<Record<string, string>> => ({
  AGENT_ID: agentId,
  // Commas, equals signs and blanks are percent-encoded there, by the specification of the resource SDK.
  ...(withTelemetry ? { [RESOURCE_ATTRIBUTES]: `agent.id=${encodeURIComponent(agentId)}` } : {}),
});

/** Whether `OTEL_RESOURCE_ATTRIBUTES` of that value names an agent. */
export const namesAgent = (attributes: string | undefined): boolean => /(^|,)\s*agent\.id\s*=\s*[^\s,]/.test(attributes ?? '');
