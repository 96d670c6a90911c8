import { describe, expect, it } from "vitest";
import { manualClock } from "../../../../test/support/manual-clock.ts";
import { addressOf } from "./address.ts";
import { createAttempts } from "./attempts.ts";

const guess = (attempts: ReturnType<typeof createAttempts>, times: number, name = "alice", address = "1.2.3.4") =>
  Array.from({ length: times }, () => attempts.begin(name, address));

describe("guesses", () => {
  it("of a name wait longer each time, and what is refused is not counted", async () => {
    const clock = manualClock();
    const attempts = createAttempts(clock);
    expect(guess(attempts, 5)).toEqual([null, null, null, null, null]);
    expect(guess(attempts, 3)).toEqual([1, 1, 1]);
    await clock.advance(1000);
    expect(guess(attempts, 2)).toEqual([null, 2]);
    await clock.advance(2000);
    expect(guess(attempts, 2, "alice", "5.6.7.8")).toEqual([null, 4]);
    for (let n = 0; n < 8; n++) {
      await clock.advance(60_000);
      expect(attempts.begin("alice", "5.6.7.8")).toBeNull();
    }
    expect(attempts.begin("alice", "5.6.7.8")).toBe(60);
    await clock.advance(31 * 60_000);
    expect(guess(attempts, 5)).toEqual([null, null, null, null, null]);
  });

  it("of an address wait, whatever the names", () => {
    const attempts = createAttempts(manualClock());
    const names = Array.from({ length: 22 }, (_, n) => attempts.begin(`user${n}`, "1.2.3.4"));
    expect(names.filter((wait) => wait === null)).toHaveLength(20);
    expect(attempts.begin("another", "1.2.3.5")).toBeNull();
  });

  it("do not lock out who has logged in from elsewhere; who then guesses, too, waits like all others", () => {
    const attempts = createAttempts(manualClock());
    expect(attempts.begin("alice", "9.9.9.9")).toBeNull();
    attempts.succeeded("alice", "9.9.9.9");
    guess(attempts, 6);
    expect(attempts.begin("alice", "1.2.3.4")).toBe(1);
    expect(attempts.begin("alice", "9.9.9.9")).toBeNull();
    attempts.succeeded("alice", "9.9.9.9");
    guess(attempts, 5, "alice", "9.9.9.9");
    guess(attempts, 1, "alice", "9.9.9.9");
    expect(attempts.begin("alice", "9.9.9.9")).not.toBeNull();
  });

  it("that are right leave nothing", () => {
    const attempts = createAttempts(manualClock());
    for (let n = 0; n < 50; n++) {
      expect(attempts.begin("alice", "1.2.3.4")).toBeNull();
      attempts.succeeded("alice", "1.2.3.4");
    }
  });
});

describe("the address of a request", () => {
  const from = (sourceIp: string, forwarded?: string) =>
    addressOf(new Request("http://x/", { headers: forwarded ? { "X-Forwarded-For": forwarded } : {} }), {
      event: { requestContext: { http: { sourceIp } } },
    });
  it("is that of the connection; behind a proxy, what the proxy says last", () => {
    expect(from("8.8.8.8")).toBe("8.8.8.8");
    expect(from("8.8.8.8", "1.1.1.1")).toBe("8.8.8.8");
    expect(from("127.0.0.1", "6.6.6.6, 1.1.1.1")).toBe("1.1.1.1");
    expect(from("10.0.0.2")).toBe("10.0.0.2");
    expect(from("10.0.0.2", "anything-at-all")).toBe("10.0.0.2");
    expect(addressOf(new Request("http://x/"), {})).toBe("unknown");
  });
  it("is a network where it is one of IPv6", () => {
    expect(from("2a00:1450:4001:81c:aaaa::1")).toBe("2a00:1450:4001:81c");
    expect(from("2a00:1450::1")).toBe("2a00:1450:0:0");
  });
});
