/**
 * Keys that can be told by their own prefix, as their vendors document it. One alternation: a text is walked once.
 */

const SHAPES: readonly string[] = [
  // Anthropic, OpenAI, OpenRouter, DeepSeek, LangSmith's `lsv2_`
  String.raw`sk-[A-Za-z0-9_-]{12,}`,
  String.raw`ls(?:v2)?_(?:pt|sk)_[A-Za-z0-9_]{16,}`,
  // Langfuse
  String.raw`pk-lf-[A-Za-z0-9-]{16,}`,
  // Stripe, and the many that copied its form; its webhooks
  String.raw`(?:sk|rk|pk|ak|api|key|tok)_(?:live|test|prod)_[A-Za-z0-9]{8,}`,
  String.raw`whsec_[A-Za-z0-9+/=]{12,}`,
  // GitHub, GitLab
  String.raw`gh[opsur]_[A-Za-z0-9]{16,}`,
  String.raw`github_pat_[A-Za-z0-9_]{16,}`,
  String.raw`gl(?:pat|dt|rt|ft|cbt|ptt|oas|agent|soat|imt|ffct)-[A-Za-z0-9_.-]{12,}`,
  // AWS key ids
  String.raw`(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{16}`,
  // Google: API key, OAuth access and refresh tokens, client secret
  String.raw`AIza[A-Za-z0-9_-]{20,}`,
  String.raw`ya29\.[A-Za-z0-9_-]{16,}`,
  String.raw`1//0[A-Za-z0-9_-]{20,}`,
  String.raw`GOCSPX-[A-Za-z0-9_-]{16,}`,
  // Slack
  String.raw`xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}`,
  String.raw`xapp-\d-[A-Za-z0-9-]{10,}`,
  String.raw`hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{10,}`,
  // Telegram (with or without the `bot` of its URLs), Discord
  String.raw`(?:bot)?\d{6,12}:[A-Za-z0-9_-]{30,}`,
  String.raw`[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{5,7}\.[A-Za-z0-9_-]{25,}`,
  // JSON Web Tokens
  String.raw`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?`,
  // SendGrid, Mailgun, Twilio
  String.raw`SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`,
  String.raw`key-[0-9a-f]{32}`,
  String.raw`(?:SK|AC)[0-9a-f]{32}`,
  // Groq, Hugging Face, Replicate, xAI, Perplexity, NVIDIA, Fireworks, Tavily, Firecrawl, ElevenLabs' and others' `xi_`
  String.raw`(?:gsk|hf|r8|fw|tvly|xai|pplx|nvapi|fc|cal|e2b|csk|lin_api|lin_oauth|ntn|figd|sbp|sntrys|sntryu|shp(?:at|ca|pa|ss)|do[opr]_v1|dckr_pat|atlasv1|rubygems|npm|pypi|phc|phx|PMAK|dapi|hvs|hvb|NRAK|glc|glsa|pul|tskey|secret|ATATT3)[_.-][A-Za-z0-9_.=-]{16,}`,
  String.raw`(?:dapi[0-9a-f]{32}|ATATT3[A-Za-z0-9_=-]{20,}|ATCTT3[A-Za-z0-9_=-]{20,})`,
];

/** Not inside a longer word: `task-…` holds no `sk-…`. */
export const SECRET_SHAPES = new RegExp(`(?<![A-Za-z0-9])(?:${SHAPES.join('|')})`, 'g');
const ONE_SHAPE = new RegExp(`(?<![A-Za-z0-9])(?:${SHAPES.join('|')})`);

export const hasSecretShape = (text: string): boolean => text.length >= 12 && ONE_SHAPE.test(text);

/** Whether a value that follows a telling name is more than a word: it holds a digit among letters, or is long. */
export const looksLikeKey = (value: string): boolean =>
  value.length >= 20 || (value.length >= 8 && /\d/.test(value) && /[A-Za-z]/.test(value));
