/**
 * Secrets out of free text. Error messages quote URLs, headers and command lines, and those hold keys. What is masked
 * reads `***`, so that masking twice changes nothing.
 *
 * The path not taken: secretlint knows more shapes but is an asynchronous linter of files; @npmcli/redact knows npm's
 * tokens only; pino's redaction works by key, and an error message has none. Shapes follow the vendors' own prefixes.
 * Every pattern is bounded or without nested repetition: 4096 hostile characters take less than a millisecond.
 */

import { cleanHost, maskUrl } from './http-target.ts';
import { looksLikeKey, SECRET_SHAPES } from './secret-shapes.ts';

const MASK = '***';
/** The doors cut texts at this length too; here it bounds the work. */
const MAX_INPUT = 4096;
export const MAX_MESSAGE = 500;
export const MAX_NAME = 200;

const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z0-9 ]{0,20}-----.*?(?:-----END [A-Z0-9 ]{0,60}-----|$)/gs;
const URL_IN_TEXT = /\b([a-z][a-z0-9+.-]{1,20}:\/\/)([^\s"'<>`)\]}]+)/gi;
/** A query without a host before it: `GET /v1/files?key=…`. */
const QUERY = /\?[\w.~%[\]-]{1,100}=[^\s"'<>`)\]}]*/g;
/** `Authorization: Bearer …`, `"x-api-key": "…"`, `Cookie: a=b; c=d`; up to the quote or the end. */
const HEADER =
  /\b((?:proxy-)?authorization|x-[a-z-]{0,30}(?:key|token|secret)|api-key|(?:set-)?cookie)\b(\\?["']?\s{0,5}[:=]\s{0,5}\\?["']?)[^"'\r\n\\]{1,4096}/gi;
const SCHEME_AND_CREDENTIAL = /\b(bearer|basic|token|digest|apikey)(\s{1,5})([\w.~+/=-]{6,})/gi;
/** `--password hunter2` of a quoted command line; not `--token is required`. */
const FLAG =
  /(--?(?:[a-z]{1,20}-){0,3}(?:password|passwd|token|secret|api-?key|access-?key|private-?key)\s{1,3})(?!(?:is|was|must|may|not|or|and|to|for|option|flag|argument|requires?|cannot|missing|was|has)\b)([^\s"'-]\S{0,4096})/gi;
/** `password=…`, `"client_secret": "…"`. */
const NAMED = new RegExp(
  String.raw`\b([\w.-]{0,60}?(password|passwd|passphrase|passcode|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|secret[_-]?key|signing[_-]?key|encryption[_-]?key|auth[_-]?key|credentials?|signature|sig|session[_-]?key|jwt|pin|otp))` +
    String.raw`(\\?["']?(?:\s{0,3}=\s{0,3}|\s{0,3}:\s{0,3}))(\\?"[^"]{0,4096}"?|\\?'[^']{0,4096}'?|[^\s,;&)}\]"']+)`,
  'gi',
);
const EMAIL = /[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[a-z]{2,24}\b/gi;
/** Keys that carry no prefix: long runs of mixed case with digits, hexadecimal from 32 digits up, long base36. */
const LONG_RUN = /[A-Za-z0-9+/=_-]{24,}/g;

const ALWAYS_SECRET = /^(pass|pwd|secret$|client)/i;

function maskNamed(whole: string, name: string, word: string, separator: string, value: string): string {
  const bare = value.replace(/^\\?["']|["']$/g, '');
  // `unexpected token: expected ,` and `token: 12` are no secrets; after `=`, in quotes, or behind a password's name they are.
  const certain = separator.includes('=') || bare !== value || ALWAYS_SECRET.test(word);
  if (bare === '' || bare === MASK || (!certain && !looksLikeKey(bare))) return whole;
  const quote = bare === value ? '' : '"';
  return `${name}${separator}${quote}${MASK}${quote}`;
}

const maskCredential = (whole: string, scheme: string, space: string, value: string): string =>
  /[\d=.~]/.test(value) || (/[a-z]/.test(value) && /[a-z+/][A-Z]/.test(value)) || value.length >= 24
    ? `${scheme}${space}${MASK}`
    : whole;

function maskRun(run: string): string {
  if (!run.includes('/')) return maskPiece(run);
  const pieces = run.split('/');
  // A slash is a character of base64 and the separator of paths, whose names are shorter than what lies between two of base64's.
  const isBase64 = run.length >= 38 && run.length / pieces.length >= 12 && isMixed(run, 1);
  return isBase64 ? MASK : pieces.map((piece) => (piece.length < 24 ? piece : maskPiece(piece))).join('/');
}

const isMixed = (run: string, digits: number): boolean =>
  /[a-z]/.test(run) && /[A-Z]/.test(run) && (run.match(/\d/g) ?? []).length >= digits;

function maskPiece(run: string): string {
  const digits = (run.match(/\d/g) ?? []).length;
  // A UUID names a task, a run, a request; it is no key.
  if (/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(run)) return run;
  const unbroken = run.length >= 32 && digits >= 4 && /^[a-z0-9]+$/i.test(run);
  return isMixed(run, 3) || unbroken ? MASK : run;
}

function scrub(text: string, cleanUrl: (scheme: string, rest: string) => string): string {
  let clean = text.length > MAX_INPUT ? text.slice(0, MAX_INPUT) : text;
  if (clean.includes('PRIVATE KEY')) clean = clean.replace(PRIVATE_KEY, MASK);
  if (clean.includes('://')) clean = clean.replace(URL_IN_TEXT, (_, scheme: string, rest: string) => cleanUrl(scheme, rest));
  if (clean.includes('?')) clean = clean.replace(QUERY, '?***');
  clean = clean.replace(SECRET_SHAPES, MASK);
  if (/[:=]/.test(clean)) clean = clean.replace(HEADER, '$1$2***').replace(NAMED, maskNamed);
  if (clean.includes('-')) clean = clean.replace(FLAG, '$1***');
  return clean.replace(SCHEME_AND_CREDENTIAL, maskCredential);
}

/** What a message may keep of a URL: where it points, not as whom and with what. */
function maskWholeUrl(scheme: string, rest: string): string {
  const trailing = /[.,;:!]*$/.exec(rest)?.[0] ?? '';
  const url = rest.slice(0, rest.length - trailing.length);
  const masked = maskUrl(scheme + url);
  return scheme + (masked ?? MASK) + trailing;
}

/** Labels are what people group by, often the URL of a pull request: the path stays. */
function dropCredentials(scheme: string, rest: string): string {
  const end = rest.search(/[?#]/);
  const plain = end < 0 ? rest : rest.slice(0, end);
  const slash = plain.indexOf('/');
  return slash < 0 ? scheme + cleanHost(plain) : scheme + cleanHost(plain.slice(0, slash)) + plain.slice(slash);
}

/** Free text without secrets: keys, credentials, queries and the ids in URLs' paths, e-mail addresses, long random runs. */
export function scrubText(text: string): string {
  const clean = scrub(text, maskWholeUrl).replace(LONG_RUN, maskRun);
  return clean.includes('@') ? clean.replace(EMAIL, MASK) : clean;
}

/** A label's value: shapes of secrets go, ids, hashes and links stay. */
export const scrubLabel = (text: string): string => (text.length < 8 ? text : scrub(text, dropCredentials));

const ANSI = /\u001b\[[0-9;?]{0,20}[ -/]{0,4}[@-~]/g;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+ ?/g;

/** The first line that says anything, scrubbed and capped: LangChain puts the whole stack into the status message. */
export function errorLine(message: string): string | null {
  const line = message
    .replace(ANSI, '')
    .split(/[\r\n\v\f\u0085\u2028\u2029]/)
    .find((part) => part.trim() !== '');
  if (line === undefined) return null;
  // A key that is broken into lines would be cut at its first.
  const clean = scrubText(line.replace(CONTROL, ' ').trim());
  return capped(clean, MAX_MESSAGE);
}

/** Too short and too plain for any rule. */
const PLAIN = /^[\w.-]{1,11}$/;

/** A text as one line, scrubbed. */
export const scrubLine = (text: string): string => (PLAIN.test(text) ? text : scrubText(text.replace(CONTROL, ' ')));

/** A name (of a tool, a model, an agent, an error's type): one line, scrubbed and capped. */
export const scrubName = (name: string): string => capped(scrubLine(name), MAX_NAME);

/** Cut so that no half of a surrogate pair stays. */
function capped(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max - 1);
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}
