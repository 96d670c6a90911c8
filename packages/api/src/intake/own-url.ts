/**
 * URLs of this server itself, given as an input: they are looked up, not fetched. A signed link is good for anybody who has it, as
 * it is for a browser; the address of an output only for the job's owner.
 */
import { AppError } from "@smileloop/core/errors.ts";
import { canonicalId } from "@smileloop/core/job/ids.ts";
import { LOCAL_LINKS_PATH } from "@smileloop/core/storage/local-links.ts";
import type { ApiDeps } from "../deps.ts";
import { checkReadable, openOutput } from "../http/open-output.ts";
import { findJob, hasExpired } from "../job-lookup.ts";

/** `key` of a stored file, and how a record names where it came from. */
type OwnFile = { key: string; source: string };

const OUTPUT_PATH = /^\/v1\/jobs\/([^/]+)\/outputs\/([^/]+)$/;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Null for a URL of somebody else, and for one of ours that is not a file. `base`: what links of ours start with. Throws
 * `bad_signature`, `link_expired`, `not_found`, `not_ready`, `gone` and `payment_required`.
 */
export async function ownFile(deps: ApiDeps, owner: string, url: URL, base: string): Promise<OwnFile | null> {
  const path = pathUnder(url, new URL(base));
  if (path === null) return null;
  if (path.startsWith(LOCAL_LINKS_PATH) && deps.localLinks) {
    const { key } = deps.localLinks.verify("GET", new URL(path + url.search, url.origin), deps.clock.now());
    await checkReadable(deps, key);
    return { key, source: "link" };
  }
  const [, id, name] = OUTPUT_PATH.exec(path) ?? [];
  if (id === undefined || name === undefined) return null;
  const record = await findJob(deps, owner, canonicalId(id));
  if (hasExpired(record, deps.clock.now())) throw new AppError("gone", "The files of the job in this URL are gone.");
  if (record.state !== "succeeded") throw new AppError("not_ready", "The job in this URL has no result yet.");
  return { key: (await openOutput(deps, record, name)).key, source: `job:${record.id}/${name}` };
}

/** The path below `base`; null where it is elsewhere. On loopback each name of this machine is the same server. */
export function pathUnder(url: URL, base: URL): string | null {
  const sameHost = url.host === base.host || (url.port === base.port && [url, base].every(isLoopback));
  const prefix = base.pathname.replace(/\/$/, "");
  return sameHost && url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length) : null;
}

function isLoopback({ hostname }: URL): boolean {
  return LOOPBACK.test(hostname);
}
