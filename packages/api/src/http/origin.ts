/** The address under which a client reaches us: for links and for telling our own pages from other sites'. */
import type { ApiConfig } from "../deps.ts";

/** Scheme and host of a URL, and its path, without `new URL`, which costs as much as a whole route. */
export function splitUrl(url: string): { origin: string; path: string } {
  const slash = url.indexOf("/", url.indexOf("://") + 3);
  if (slash < 0) return { origin: url, path: "/" };
  const query = url.indexOf("?", slash);
  return { origin: url.slice(0, slash), path: query < 0 ? url.slice(slash) : url.slice(slash, query) };
}

/** What links in replies start with: PUBLIC_URL, or the host that the request was sent to. */
export function linkOrigin(config: Pick<ApiConfig, "publicUrl">, request: Request): string {
  return config.publicUrl ?? splitUrl(request.url).origin;
}
