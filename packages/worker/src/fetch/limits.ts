/** How much a fetch may cost. */
import type { ExchangeLimits } from "@smileloop/core/fetch/exchange.ts";

export type FetchLimits = ExchangeLimits & {
  /** Without a single byte, ms. */
  silenceMs: number;
  /** Average rate, bytes a second, once it was waited for as long as `rateAfterMs`. */
  minRate: number;
  rateAfterMs: number;
  /** All hops and the whole body, ms. */
  wholeMs: number;
  redirects: number;
};

export const FETCH_LIMITS: FetchLimits = {
  connectMs: 10_000,
  headerMs: 30_000,
  silenceMs: 15_000,
  minRate: 16 * 1024,
  rateAfterMs: 10_000,
  wholeMs: 5 * 60_000,
  redirects: 5,
  headerBytes: 16 * 1024,
};
