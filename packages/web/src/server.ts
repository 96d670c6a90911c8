/** The server that this page came from. */
import { createSmileloop, type Smileloop, SmileloopError } from "@smileloop/sdk/index.ts";
import { t, tMaybe } from "./texts.ts";

export type Facts = {
  /** `open`: anybody may; `browser`: with a token that the browser makes; `key`: with an API key. */
  access: "open" | "browser" | "key";
  /** How long photos and results are kept, seconds. */
  lifeSeconds: number;
  version: string;
};

export const facts = readFacts();
const TOKEN = "smileloop.token";
const KEY = "smileloop.key";

export let smileloop: Smileloop = connect();

export function hasKey(): boolean {
  return facts.access !== "key" || sessionStorage.getItem(KEY) !== null;
}

export function applyKey(key: string | null): void {
  if (key === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, key);
  smileloop = connect();
}

/** What is wrong, for people. */
export function sayError(error: unknown): string {
  if (!(error instanceof SmileloopError)) return t("error_unknown");
  const known = tMaybe(`error_${error.code}`);
  if (known !== null) return known;
  if (error.code === "upload_failed") return t("error_network");
  return error.retryable || (error.status ?? 0) >= 500 ? t("error_server") : error.message;
}

export function isGone(error: unknown): boolean {
  return error instanceof SmileloopError && ["gone", "not_found"].includes(error.code);
}

function connect(): Smileloop {
  const baseUrl = new URL("./", document.baseURI).href;
  const key = facts.access === "key" ? (sessionStorage.getItem(KEY) ?? undefined) : undefined;
  const anonymousToken = facts.access === "browser" ? token() : undefined;
  return createSmileloop({ baseUrl, key, anonymousToken });
}

/** Made once for this browser: it opens the photos and videos of this browser. */
function token(): string {
  try {
    const kept = localStorage.getItem(TOKEN);
    if (kept !== null) return kept;
    const made = newToken();
    localStorage.setItem(TOKEN, made);
    return made;
  } catch {
    return newToken();
  }
}

function newToken(): string {
  return [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** As the server has written them into the page. */
function readFacts(): Facts {
  const text = document.querySelector<HTMLMetaElement>('meta[name="smileloop"]')?.content ?? "";
  return JSON.parse(text) as Facts;
}
