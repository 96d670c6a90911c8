/**
 * Signed links of our own server, for homes whose storage does not serve HTTP itself (disk, memory). A link grants one
 * method on one file until its time is over: what S3's presigned URLs are in the cloud.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { AppError } from "../errors.ts";

/** Where the API serves such links. */
export const LOCAL_LINKS_PATH = "/v1/files/";

export type LinkGrant = {
  /** A GET link also answers HEAD. */
  method: "GET" | "PUT" | "POST";
  key: string;
  expiresAtMs: number;
  type: string;
  /** PUT: the exact size, bytes, and the hash if the client gave one. */
  bytes?: number | undefined;
  sha256?: string | undefined;
  /** POST, by an HTML form: the maximum size, bytes; the minimum is 1. */
  maxBytes?: number | undefined;
  /** GET: Content-Disposition of the reply. */
  disposition?: string | undefined;
};

export type LocalLinks = {
  /** A path with its query, to be resolved against the server's origin. */
  sign(grant: LinkGrant): string;
  /** Throws `bad_signature` or `link_expired`. `path` as the client sent it, percent-encoded. */
  verify(method: string, url: URL, nowMs: number): LinkGrant;
};

export function createLocalLinks(secret: Uint8Array): LocalLinks {
  const seal = (grant: string) => createHmac("sha256", secret).update(grant).digest();
  return {
    sign(grant) {
      const text = JSON.stringify(grant);
      const query = new URLSearchParams({
        grant: Buffer.from(text).toString("base64url"),
        signature: seal(text).toString("base64url"),
      });
      return `${LOCAL_LINKS_PATH}${grant.key.split("/").map(encodeURIComponent).join("/")}?${query}`;
    },
    verify(method, url, nowMs) {
      const given = url.searchParams.get("grant") ?? "";
      const text = Buffer.from(given, "base64url").toString();
      // compared as text: base64 can spell the same bytes in several ways, and a link has one
      const signature = Buffer.from(url.searchParams.get("signature") ?? "");
      const expected = Buffer.from(seal(text).toString("base64url"));
      if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
        throw new AppError("bad_signature", "This link was not made by this server, or was altered.");
      }
      if (Buffer.from(text).toString("base64url") !== given) {
        throw new AppError("bad_signature", "This link was altered; use it exactly as it was given.");
      }
      const grant = JSON.parse(text) as LinkGrant;
      const path = `${LOCAL_LINKS_PATH}${grant.key.split("/").map(encodeURIComponent).join("/")}`;
      const asked = method === "HEAD" ? "GET" : method;
      if (asked !== grant.method || url.pathname !== path) {
        throw new AppError("bad_signature", "This link was made for another method or another file.");
      }
      if (nowMs >= grant.expiresAtMs) throw new AppError("link_expired", "This link has expired; ask for a new one.");
      return grant;
    },
  };
}
