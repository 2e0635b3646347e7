/**
 * What of a URL may be stored: `METHOD host/path`, without user, query and fragment, with path segments that look like
 * an id or a secret masked. Masking too much costs a little detail; masking too little stores a secret.
 */

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const WORD = /^[\p{L}][\p{L}\p{N}._~-]*$/u;
/** Versions and dates in paths (`v1`, `v1beta2`, `2024-02-01`) say which API it is. */
const VERSION = /^(v\d{1,3}((alpha|beta|rc)\d{0,2})?|\d{4}-\d{2}(-\d{2})?)$/i;
const MAX_SEGMENT = 40;
const MAX_SEGMENTS = 8;

function looksRandom(segment: string): boolean {
  const digits = (segment.match(/\d/g) ?? []).length;
  if (digits >= 5) return true;
  if (/^[0-9a-f]{8,}$/i.test(segment) && digits >= 1) return true;
  if (segment.length >= 16) {
    const upper = /[A-Z]/.test(segment) && /[a-z]/.test(segment);
    const separated = /[._~-]/.test(segment);
    // base64url and prefixed tokens (`sk-ant-…`, `ghp_…`): mixed case with digits, or one long run without a separator
    if (upper && digits >= 1) return true;
    if (!separated && digits >= 2) return true;
  }
  return false;
}

export function maskSegment(segment: string): string {
  if (segment === '' || VERSION.test(segment)) return segment;
  const colon = segment.indexOf(':');
  // Google's custom verbs: `models/gemini-2.5-pro:generateContent`
  if (colon > 0 && /^[a-z]+[A-Za-z]*$/.test(segment.slice(colon + 1)) && colon === segment.lastIndexOf(':')) {
    return `${maskSegment(segment.slice(0, colon))}:${segment.slice(colon + 1)}`;
  }
  if (segment.length > MAX_SEGMENT || UUID.test(segment) || !WORD.test(segment) || looksRandom(segment)) return '*';
  return segment;
}

export function maskPath(path: string): string {
  const end = path.search(/[?#;]/);
  const clean = end < 0 ? path : path.slice(0, end);
  const segments = clean.split('/');
  const masked = segments.slice(0, MAX_SEGMENTS + 1).map(maskSegment);
  return masked.join('/') + (segments.length > MAX_SEGMENTS + 1 ? '/…' : '');
}

/** `host[:port]/path` of an absolute URL; null where it is none. */
export function maskUrl(url: string): string | null {
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)([^?#]*)/i.exec(url);
  if (!match) return null;
  const authority = match[1] ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host === '') return null;
  return cleanHost(host) + (maskPath(match[2] ?? '') || '/');
}

/** Hosts can carry what was never meant to be one: keep only what a host name is made of. */
export const cleanHost = (host: string): string =>
  host
    .toLowerCase()
    .replace(/[^a-z0-9.:[\]_-]/g, '')
    .slice(0, 253);
