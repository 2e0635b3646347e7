import { hasSecretShape } from './secret-shapes.ts';

/**
 * What of a URL may be stored: `METHOD host/path`, without user, query and fragment, with path segments that look like
 * an id or a secret masked. Masking too much costs a little detail; masking too little stores a secret.
 */

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const WORD = /^[\p{L}_.][\p{L}\p{N}._~-]*$/u;
/** Versions and dates in paths (`v1`, `v1beta2`, `2024-02-01`) say which API it is. */
const VERSION = /^(v\d{1,3}((alpha|beta|rc)\d{0,2})?|\d{4}-\d{2}(-\d{2})?)$/i;
/** Google's custom verbs: `models/gemini-2.5-pro:generateContent`. By their first word: `user:hunter` is no verb. */
const VERB =
  /^(?:stream|batch|async|generate|count|embed|predict|raw|serverStreaming|compute|cancel|search|run|query|get|set|test|list|export|import|undelete|fetch|wait|commit|annotate|recognize|synthesize|translate|detect|process|explain|invoke|upload|retrieve|rank|check)(?:[A-Z][a-z]{1,20}){0,5}$/;
/** What follows one of these is a secret or an address, however harmless it looks: `/reset-password/correct-horse`. */
const TELLS_SECRET =
  /^(?:(?:[a-z]{1,20}[-_])?(?:tokens?|secrets?|passwords?|passwd|magic|magic-link|apikey|api-key|api_key|invite|invites|invitation|reset|password-reset|webhooks?|hooks|unsubscribe|signed|presigned|session|jwt|otp)|activate|bot)$/i;
const MAX_SEGMENT = 40;
const MAX_SEGMENTS = 8;

/** One run of letters and digits that no one would say aloud. */
function isRandomRun(run: string): boolean {
  const digits = (run.match(/\d/g) ?? []).length;
  if (/^[0-9a-f]{8,}$/i.test(run) && digits >= 1) return true;
  // Slack's `T02AB3C4D`, ULIDs, licence keys
  if (run.length >= 8 && digits >= 1 && !/[a-z]/.test(run)) return true;
  if (run.length < 16) return false;
  if (run.length > 24 || digits >= 2) return true;
  const mixed = /[a-z]/.test(run) && /[A-Z]/.test(run);
  if (mixed && digits >= 1) return true;
  // camelCase has words of four letters and more, base64 has not
  if (mixed && run.length / (run.match(/[A-Z]+[a-z]*|[a-z]+/g) ?? []).length < 4) return true;
  return /[bcdfghjklmnpqrstvwxz]{6,}/i.test(run);
}

function looksRandom(segment: string): boolean {
  const digits = (segment.match(/\d/g) ?? []).length;
  if (digits >= 5) return true;
  if (segment.length >= 16 && digits >= 1 && /[A-Z]/.test(segment) && /[a-z]/.test(segment)) return true;
  return hasSecretShape(segment) || segment.split(/[._~-]/).some(isRandomRun);
}

/** Most segments are a short word or a number: they are told without asking the rest. */
const SHORT_WORD = /^[a-z][a-z_.-]{0,10}$/;
const NUMBER = /^\d+$/;

export function maskSegment(segment: string): string {
  if (segment === '' || SHORT_WORD.test(segment)) return segment;
  if (NUMBER.test(segment)) return '*';
  if (VERSION.test(segment)) return segment;
  const colon = segment.indexOf(':');
  if (colon > 0 && colon === segment.lastIndexOf(':') && VERB.test(segment.slice(colon + 1))) {
    return `${maskSegment(segment.slice(0, colon))}:${segment.slice(colon + 1)}`;
  }
  if (segment.length > MAX_SEGMENT || UUID.test(segment) || !WORD.test(segment) || looksRandom(segment)) return '*';
  return segment;
}

export function maskPath(path: string): string {
  const end = path.search(/[?#;]/);
  const clean = end < 0 ? path : path.slice(0, end);
  const segments = clean.split('/', MAX_SEGMENTS + 2);
  const masked = segments
    .slice(0, MAX_SEGMENTS + 1)
    .map((segment, i) =>
      segment !== '' && i > 0 && TELLS_SECRET.test(segments[i - 1] as string) && !isPlainVerb(segment)
        ? '*'
        : maskSegment(segment),
    );
  return masked.join('/') + (segments.length > MAX_SEGMENTS + 1 ? '/…' : '');
}

/** `/session/new`, `/webhooks/list`: what is done, not to which. */
const isPlainVerb = (segment: string): boolean =>
  /^(?:new|list|create|update|delete|verify|refresh|revoke|validate|introspect|status|me|callback|test|v\d{1,2})$/.test(segment);

/** `hooks.slack.com/services/…`: whoever knows the address may post, so the address is a password. */
const WEBHOOK_HOST = /^(?:web)?hooks?\./;
const maskBelowFirst = (path: string): string =>
  path
    .split('/')
    .map((segment, i) => (i < 2 || segment === '' || segment === '…' ? segment : '*'))
    .join('/');

/** `host[:port]/path` of an absolute URL; null where it is none. */
export function maskUrl(url: string): string | null {
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/?#\\]*)([^?#]*)/i.exec(url);
  if (!match) return null;
  const host = cleanHost(match[1] ?? '');
  if (host === '') return null;
  const path = maskPath(match[2] ?? '') || '/';
  return host + (WEBHOOK_HOST.test(host) ? maskBelowFirst(path) : path);
}

/** Hosts can carry what was never meant to be one: user and password, a socket's path, a sentence. `*` stands for those. */
export function cleanHost(authority: string): string {
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host.startsWith('/')) return 'unix';
  if (!HOST.test(host) || hasSecretShape(host)) return host === '' ? '' : '*';
  return host.toLowerCase();
}

/** Names, addresses and a port; a zone of IPv6 (`fe80::1%eth0`). RFC 1035 ends names at 253. */
const HOST = /^[\p{L}\p{N}.:[\]_*%-]{1,253}$/u;
