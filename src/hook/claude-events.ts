/** Events of Claude Code of which rows are made. */
export const EVENTS_WITH_ROW: ReadonlySet<string> = new Set([
  ...['PreToolUse', 'PostToolUse', 'PostToolUseFailure', 'PostToolBatch', 'PermissionDenied', 'SessionStart', 'SessionEnd'],
]);

/** The others of 2.1.330. A prompt or a message is in some of them: they are not spooled where that can be told. */
export const EVENTS_WITHOUT_ROW: ReadonlySet<string> = new Set([
  ...['Notification', 'UserPromptSubmit', 'UserPromptExpansion', 'Stop', 'StopFailure', 'SubagentStart', 'SubagentStop'],
  // It asks, and names no call; what came of it is told by the events of the call.
  'PermissionRequest',
  ...['PreCompact', 'PostCompact', 'PreModelSwitch', 'PostModelSwitch', 'Setup', 'TeammateIdle', 'TaskCreated', 'TaskCompleted'],
  ...['Elicitation', 'ElicitationResult', 'ConfigChange', 'WorktreeCreate', 'WorktreeRemove', 'InstructionsLoaded'],
  ...['CwdChanged', 'FileChanged', 'DirectoryAdded', 'MessageDisplay'],
]);
