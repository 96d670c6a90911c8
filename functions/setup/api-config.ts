/** How the API is configured: on Lambda, and in a local server. */
import type { ApiConfig } from "@smileloop/api/deps.ts";
import type { Access } from "@smileloop/core/api-keys.ts";
import { dialectSettings, type Env, operatorsOf } from "@smileloop/core/env.ts";
import type { Deps } from "./deps.ts";
import { isLoopback } from "./listen.ts";

type Place = Pick<ApiConfig, "maxBodyBytes" | "maxWaitMs" | "dialectWaitMs" | "largeReplies" | "liveEvents">;

/** Waiting functions cost money, so clients come back instead. */
const LAMBDA_WAIT_MS = 10_000;

/** A request has at most 6 MB, in which a form travels as base64. Beyond that Lambda itself answers 413. */
const LAMBDA: Place = {
  maxBodyBytes: 4_500_000,
  maxWaitMs: LAMBDA_WAIT_MS,
  dialectWaitMs: LAMBDA_WAIT_MS,
  largeReplies: false,
  liveEvents: false,
};
const LOCAL: Place = {
  maxBodyBytes: null,
  maxWaitMs: 60_000,
  dialectWaitMs: 5 * 60_000,
  largeReplies: true,
  liveEvents: true,
};

/** Of one owner, at a time. */
const MAX_FOLLOWERS = 100;

type Needs = { access: Access; deps: Pick<Deps, "version" | "fetchPolicy"> };

export function lambdaConfig(env: Env, needs: Needs): ApiConfig {
  // a proxy before the function stands for all of its clients
  const byNetwork = env.PUBLIC_URL === undefined;
  return { ...LAMBDA, hostsChecked: false, allowedHosts: [], ...everywhere(env, needs, byNetwork) };
}

export function localConfig(env: Env, needs: Needs): ApiConfig {
  const config = everywhere(env, needs, true);
  return {
    ...LOCAL,
    ...config,
    hostsChecked: isLoopback(env.HOST) || env.ALLOWED_HOSTS.length > 0,
    allowedHosts: env.ALLOWED_HOSTS,
  };
}

function everywhere(env: Env, { access, deps }: Needs, byNetwork: boolean) {
  const { RATE_LIMIT: perMinute } = env;
  return {
    // where everybody is let in all are one owner
    requests: access === "open" || perMinute === 0 ? null : { perMinute, byNetwork },
    publicUrl: env.PUBLIC_URL ?? null,
    ...dialectSettings(env),
    fetch: deps.fetchPolicy,
    corsOrigins: env.CORS_ORIGINS,
    access,
    operators: operatorsOf(env),
    maxFollowers: MAX_FOLLOWERS,
    version: deps.version,
  };
}
