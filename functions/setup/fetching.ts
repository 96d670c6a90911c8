/** Where inputs by URL may come from in this installation. */
import type { Env } from "@smileloop/core/env.ts";
import type { FetchPolicy } from "@smileloop/core/fetch/target.ts";

/** What the operator has allowed, and the installation's own places: its API as clients see it, and its bucket. */
export function fetchPolicy(env: Pick<Env, Needed>): FetchPolicy {
  const { FETCH_ALLOW: hosts, PUBLIC_URL: api, BUCKET: bucket } = env;
  const places = [...(api === undefined ? [] : [api]), ...(bucket === undefined ? [] : bucketPlaces(env, bucket))];
  return { hosts, places: places.map((place) => `${URL.parse(place)?.href.replace(/\/+$/, "")}/`) };
}
type Needed = "FETCH_ALLOW" | "PUBLIC_URL" | "BUCKET" | "S3_ENDPOINT" | "AWS_REGION";

/** What signed links to the bucket begin with: of another service than AWS's the bucket is a part of the path. */
function bucketPlaces({ S3_ENDPOINT, AWS_REGION }: Pick<Env, Needed>, bucket: string): string[] {
  if (S3_ENDPOINT !== undefined) return [`${S3_ENDPOINT.replace(/\/+$/, "")}/${bucket}`];
  const host = `s3.${AWS_REGION}.amazonaws.com`;
  return [`https://${bucket}.${host}`, `https://${host}/${bucket}`];
}
