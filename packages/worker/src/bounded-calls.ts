/** How much work that callers wait for is under way at a time, so that one of them does not keep the others waiting. */
import { AppError } from "@smileloop/core/errors.ts";

/** Maximum number that one owner, and all owners together, may have under way or waiting. `noun`, `done`: what is done with what. */
export type Bounds = { perOwner: number; total: number; noun: string; done: string };

/** Each takes a fraction of a second. */
const SOON_S = 1;
const BUSY_S = 5;

/** Throws `too_many_requests` where an owner has too many, `unavailable` where all together have. */
export function boundedCalls({ perOwner, total, noun, done }: Bounds) {
  const underWay = new Map<string, number>();
  let all = 0;
  const add = (owner: string, by: 1 | -1) => {
    const count = (underWay.get(owner) ?? 0) + by;
    all += by;
    if (count > 0) underWay.set(owner, count);
    else underWay.delete(owner);
  };
  return async <T>(owner: string, call: () => Promise<T>): Promise<T> => {
    if ((underWay.get(owner) ?? 0) >= perOwner) {
      const detail = `At most ${perOwner} ${noun} are ${done} at a time for one caller.`;
      throw new AppError("too_many_requests", detail, { retryAfterSeconds: SOON_S });
    }
    if (all >= total) {
      const detail = `Too many ${noun} are being ${done}; try again in a few seconds.`;
      throw new AppError("unavailable", detail, { retryAfterSeconds: BUSY_S });
    }
    add(owner, 1);
    try {
      return await call();
    } finally {
      add(owner, -1);
    }
  };
}
