/** The address under which a client reaches us: for links and for telling our own pages from other sites'. */
import type { ApiConfig } from "../deps.ts";

/** Scheme and host of a URL, and its path, without `new URL`, which costs as much as a whole route. */
export function splitUrl(url: string): { origin: string; path: string } {
  const slash = url.indexOf("/", url.indexOf("://") + 3);
  if (slash < 0) return { origin: url, path: "/" };
  const query = url.indexOf("?", slash);
  return { origin: url.slice(0, slash), path: query < 0 ? url.slice(slash) : url.slice(slash, query) };
}

/**
 * What links in replies start with: PUBLIC_URL, which may have a path that a proxy takes off before it passes requests on, or
 * the host that the request was sent to.
 */
export function linkOrigin(config: Pick<ApiConfig, "publicUrl">, request: Request): string {
  return config.publicUrl ?? splitUrl(request.url).origin;
}

/** A link as clients use it. `link`: absolute, as storages make them, or a path of ours. */
export function absoluteLink(base: string, link: string): string {
  return link.startsWith("/") ? base + link : link;
}

/** A path of ours for `Location`, as clients behind a proxy see it. */
export function publicPath({ publicUrl }: Pick<ApiConfig, "publicUrl">, path: string): string {
  const base = publicUrl === null ? "/" : splitUrl(publicUrl).path;
  return base === "/" ? path : base + path;
}
