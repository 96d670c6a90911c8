/** What the operator has set of the safeguards. */
import type { Dialect } from "@smileloop/api/dialects/dialect.ts";
import type { Access } from "@smileloop/core/api-keys.ts";
import { attestedDialects, type Env, EnvError } from "@smileloop/core/env.ts";
import type { Log } from "@smileloop/core/log.ts";
import { type Attested, isAttested, type Safeguards } from "@smileloop/core/safeguards.ts";
import { isLoopback } from "./listen.ts";

const NONE = "none";

export function safeguardsOf(env: Env): Safeguards {
  const dialects = new Set(attestedDialects(env).filter((name) => name !== NONE));
  return {
    contentCheck: env.CONTENT_CHECK === "on",
    allowed: env.CONTENT_ALLOW,
    requireConsent: env.REQUIRE_CONSENT,
    attested: { dialects, usual: env.ATTEST === undefined },
  };
}

/** Throws EnvError for a name in `ATTEST` that no dialect has. */
export function checkAttested({ ATTEST = [] }: Pick<Env, "ATTEST">, dialects: readonly Dialect[]): void {
  const names = dialects.map(({ name }) => name);
  const unknown = ATTEST.find((name) => name !== NONE && !names.includes(name));
  if (unknown !== undefined) {
    throw new EnvError(`ATTEST: there is no dialect \`${unknown}\`. Choose from: ${names.join(", ")}, or ${NONE}`);
  }
}

/** On a server that only this machine reaches and that asks for no key, the operator is who calls it. */
export function localSafeguards(env: Pick<Env, "HOST">, access: Access, safeguards: Safeguards): Safeguards {
  return access === "open" && isLoopback(env.HOST) ? { ...safeguards, attested: "all" } : safeguards;
}

/** Says once for whose clients the operator answers. */
export function sayAttested(log: Log, attested: Attested, dialects: readonly Dialect[]): void {
  const usual = dialects.filter((dialect) => dialect.attested).map(({ name }) => name);
  const names = dialects.map(({ name }) => name).filter((name) => isAttested(attested, name, usual));
  const why = "clients of these APIs need not send `consent`: you answer for the people shown (docs/trust.md)";
  if (names.length > 0) log.info({ dialects: attested === "all" ? "all" : names }, why);
}
