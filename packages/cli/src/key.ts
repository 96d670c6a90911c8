/** A new key for the API, as text for people or as JSON. */
import { makeApiKey, ownerFault } from "@smileloop/core/api-keys.ts";
import { UsageError } from "./usage-error.ts";

/** Throws UsageError for what cannot be an owner. */
export function newKey(owner: string, json: boolean): string {
  const fault = ownerFault(owner);
  if (fault) throw new UsageError(`"${owner}" ${fault}.`, "key");
  const made = makeApiKey(owner);
  if (json) return `${JSON.stringify(made)}\n`;
  return `The key, for the caller. It is shown only once and stored nowhere:

  ${made.key}

For the server, which stores only its hash (an entry more in API_KEYS follows a comma):

  API_KEYS=${made.entry}
`;
}
