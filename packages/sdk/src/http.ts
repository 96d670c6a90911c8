/** Requests to a server: credentials, JSON, errors, and tries again where that is safe. */
import { errorOfReply, SmileloopError } from "./errors.ts";

export type HttpOptions = {
  /** Of the server, such as `https://smile.example`; in a page of the server itself it may be absent. */
  baseUrl?: string | undefined;
  /** An API key or the token of a login. */
  key?: string | undefined;
  /** A token that this browser made and keeps, for servers that take such (`ANONYMOUS=1`). */
  anonymousToken?: string | undefined;
  fetch?: typeof fetch | undefined;
  /** How long to wait before the nth try again, ms; by default longer each time, and different for each client. */
  retryMs?: ((nth: number) => number) | undefined;
};

export type Call = {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Whether it may be sent again after a failure that does not tell whether it arrived. */
  safe?: boolean;
};

export type Http = {
  /** The reply to a call; throws `SmileloopError`, and the signal's reason. */
  send: (path: string, call?: Call) => Promise<Response>;
  /** The same, read as JSON. */
  json: <T>(path: string, call?: Call) => Promise<T>;
  /** One request to any address, without credentials. Throws `SmileloopError` (`network`) where there is no reply. */
  raw: (url: string, init: RequestInit) => Promise<Response>;
  pause: (nth: number, signal?: AbortSignal, reply?: Response) => Promise<void>;
};

/** Times that a call is made at most. */
export const TRIES = 5;
const LONGEST_PAUSE_MS = 20_000;

export function createHttp(options: HttpOptions): Http {
  const {
    key,
    anonymousToken,
    retryMs = (nth) => Math.min(8000, 500 * 2 ** nth) * (0.75 + Math.random() / 2),
  } = options;
  const base = (options.baseUrl ?? "").replace(/\/+$/, "");
  // called as a function of its own: browsers refuse a `fetch` with another `this`
  const doFetch = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args));
  const credentials: Record<string, string> = {
    ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
    ...(anonymousToken === undefined ? {} : { "X-Anonymous-Token": anonymousToken }),
  };

  const raw = async (url: string, init: RequestInit): Promise<Response> => {
    try {
      return await doFetch(url, init);
    } catch (cause) {
      init.signal?.throwIfAborted();
      throw new SmileloopError("network", "The server cannot be reached.", { retryable: true, cause });
    }
  };
  const pause = (nth: number, signal?: AbortSignal, reply?: Response) => {
    const asked = Number(reply?.headers.get("retry-after")) * 1000;
    return sleep(Math.min(LONGEST_PAUSE_MS, asked > 0 ? asked : retryMs(nth)), signal);
  };
  const send = async (path: string, call: Call = {}): Promise<Response> => {
    const { method = "GET", body, headers, signal, safe = method !== "POST" } = call;
    const init: RequestInit = {
      method,
      headers: { ...credentials, ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    };
    for (let nth = 0; ; nth++) {
      let reply: Response | undefined;
      let error: SmileloopError;
      try {
        reply = await raw(base + path, init);
        if (reply.ok || reply.status === 304) return reply;
        error = await errorOfReply(reply);
      } catch (thrown) {
        if (!(thrown instanceof SmileloopError)) throw thrown;
        error = thrown;
      }
      // where nothing was begun it may be sent again, whatever it is
      const again = error.retryable && (safe || error.status === 429 || error.status === 503);
      if (!again || nth + 1 >= TRIES) throw error;
      await pause(nth, signal, reply);
    }
  };
  return {
    send,
    raw,
    pause,
    json: async <T>(path: string, call?: Call) => (await send(path, call)).json() as Promise<T>,
  };
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
