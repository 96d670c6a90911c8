/** Links of storages without an HTTP front of their own: the API serves them (`local-links.ts`). */
import type { Files } from "../files.ts";
import { checkFileKey } from "../job/keys.ts";
import type { LocalLinks } from "../storage/local-links.ts";

export function signedLinks(links: LocalLinks): Pick<Files, "link" | "uploadLink" | "uploadForm"> {
  return {
    async link(key, { expiresAtMs, type, disposition }) {
      return links.sign({ method: "GET", key: checkFileKey(key), expiresAtMs, type, disposition });
    },
    async uploadLink(key, { type, bytes, sha256, expiresAtMs }) {
      const url = links.sign({ method: "PUT", key: checkFileKey(key), expiresAtMs, type, bytes, sha256 });
      return { url, headers: { "Content-Type": type } };
    },
    async uploadForm(key, { type, maxBytes, expiresAtMs }) {
      const url = links.sign({ method: "POST", key: checkFileKey(key), expiresAtMs, type, maxBytes });
      return { url, fields: { key, "Content-Type": type } };
    },
  };
}
