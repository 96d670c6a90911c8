/** Names of environment variables that look like ours and are not: a typo in one would silently change nothing. */
import { isTypo } from "../errors/near.ts";

export type Lookalike = { name: string; meant: string };

/** What people call settings that have another name here. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  APIKEY: "API_KEY",
  ALLOWED_ORIGIN: "CORS_ORIGINS",
  ALLOWED_ORIGINS: "CORS_ORIGINS",
  CORS: "CORS_ORIGINS",
  CORS_ALLOWED_ORIGINS: "CORS_ORIGINS",
  CORS_ALLOW_ORIGIN: "CORS_ORIGINS",
  ALLOW_ANONYMOUS: "ANONYMOUS",
  S3_BUCKET: "BUCKET",
  BUCKET_NAME: "BUCKET",
  PUBLIC_ADDRESS: "PUBLIC_URL",
};
/** Names beside which others exist that have nothing to do with this service (`DYLD_LIBRARY_PATH`, `USER`). */
const COMMON = new Set(["LD_LIBRARY_PATH", "AWS_REGION", "USERS"]);

/** Those of `names` that nobody reads here, with the one of `known` that was probably meant. */
export function lookalikesOf(names: Iterable<string>, known: readonly string[]): Lookalike[] {
  return [...names].flatMap((name) => {
    if (known.includes(name)) return [];
    const meant = meantBy(name, known);
    return meant === null ? [] : [{ name, meant }];
  });
}

function meantBy(name: string, known: readonly string[]): string | null {
  const bare = name.toUpperCase().replace(/^SMILELOOP_/, "");
  if (known.includes(bare)) return COMMON.has(bare) ? null : bare;
  const other = Object.hasOwn(OTHER_NAMES, bare) ? OTHER_NAMES[bare] : undefined;
  if (other !== undefined && known.includes(other)) return other;
  const near = known.filter((each) => !COMMON.has(each));
  return near.find((each) => isTypo(bare, each)) ?? null;
}
