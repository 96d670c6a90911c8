/**
 * Tokens of those who logged in: JWTs (RFC 7519) that this server signs (HS256) and nobody else has to read. They say who it is, until
 * when, and by which password: when that changes, or the user goes, they end.
 */
import { randomBytes } from "node:crypto";
import type { Access } from "@smileloop/core/api-keys.ts";
import type { Clock } from "@smileloop/core/clock.ts";
import { passwordMark } from "@smileloop/core/users.ts";
import { errors, jwtVerify, SignJWT } from "jose";

export type Tokens = {
  /** `owner`: a user's name, or on a server that is open to all whose owner they want to be. */
  issue(owner: string): Promise<string>;
  /** Null for a token that is not ours, whose time is over, or whose user is gone. */
  ownerOf(token: string): Promise<string | null>;
};

const LIFE_S = 24 * 3600;
const ISSUER = "smileloop";
/** In place of a password's mark, where there are none. */
const NO_PASSWORD = "open";
const HEADER = { alg: "HS256", typ: "JWT" };
/** How each of ours begins. Those of others, which a proxy may pass on with a request, seldom do. */
const START = `${Buffer.from(JSON.stringify(HEADER)).toString("base64url")}.`;
const MAX_CHARS = 1500;

/** `key`: at least 32 bytes; without one, tokens end with this process. */
export function createTokens(options: { key?: Uint8Array | undefined; clock: Clock; access: Access }): Tokens {
  const { key = randomBytes(32), clock, access } = options;
  const markOf = (owner: string): string | null =>
    access === "open" ? NO_PASSWORD : passwordMark(access.users ?? new Map(), owner);
  return {
    issue(owner) {
      const now = Math.floor(clock.now() / 1000);
      return new SignJWT({ mark: markOf(owner) ?? "" })
        .setProtectedHeader(HEADER)
        .setIssuer(ISSUER)
        .setSubject(owner)
        .setIssuedAt(now)
        .setExpirationTime(now + LIFE_S)
        .sign(key);
    },
    async ownerOf(token) {
      if (!isToken(token) || token.length > MAX_CHARS) return null;
      const asked = { algorithms: [HEADER.alg], issuer: ISSUER, currentDate: new Date(clock.now()) };
      try {
        const { payload } = await jwtVerify(token, key, { ...asked, requiredClaims: ["sub", "exp", "mark"] });
        const { sub, mark } = payload;
        return sub !== undefined && mark === markOf(sub) ? sub : null;
      } catch (error) {
        if (error instanceof errors.JOSEError) return null;
        throw error;
      }
    },
  };
}

/** Whether it is meant as a token of ours, perhaps one that was cut off or changed. */
export function isToken(text: string): boolean {
  return text.startsWith(START);
}
