/** What can be typed after `smileloop webhooks`. */
import type { Values } from "./clip-args.ts";
import { UsageError } from "./usage-error.ts";

/** The server that is asked. `keyStdin`: whether its key comes by the standard input: arguments can be read by others. */
type Server = { server: string; keyStdin: boolean; json: boolean };
export type WebhookArgs =
  | (Server & { act: "replay"; id: string })
  | (Server & { act: "test"; url: string })
  | (Server & { act: "listen"; port: number; forward: string | null });

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
export const WEBHOOK_OPTIONS = { server: text, "key-stdin": flag, port: text, forward: text, json: flag } as const;
const ACTS = "replay <job>, test <url> or listen";

/** Throws UsageError. */
export function webhookArgs(values: Values, [act, what, extra]: string[]): WebhookArgs {
  const usage = (message: string) => new UsageError(message, "webhooks");
  const server = address(values.server ?? "http://localhost:8000", "--server");
  const asked = { server, keyStdin: values["key-stdin"] === true, json: values.json === true };
  if (act === undefined) throw usage(`What about webhooks? Say ${ACTS}.`);
  if (act !== "listen" && (values.port !== undefined || values.forward !== undefined)) {
    throw usage("--port and --forward are options of `webhooks listen`.");
  }
  if (act === "listen") {
    if (what !== undefined) throw usage(`Unexpected argument "${what}".`);
    const forward = values.forward === undefined ? null : address(values.forward, "--forward");
    return { ...asked, act, port: portOf(values.port), forward };
  }
  if (act !== "replay" && act !== "test") throw usage(`"webhooks ${act}" is not known. Say ${ACTS}.`);
  if (extra !== undefined) throw usage(`Unexpected argument "${extra}".`);
  if (what === undefined || what === "") throw usage(act === "test" ? "Which URL?" : "Which job? Give its id.");
  return act === "test" ? { ...asked, act, url: what } : { ...asked, act, id: what };
}

function address(value: Values[string], option: string): string {
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url && /^https?:$/.test(url.protocol)) return url.href.replace(/\/$/, "");
  throw new UsageError(`${option}: must be an address such as http://localhost:8000, got "${value}".`, "webhooks");
}

function portOf(value: Values[string] = "8787"): number {
  const port = Number(value);
  if (typeof value === "string" && /^\d+$/.test(value) && port <= 65_535) return port;
  throw new UsageError(`--port: must be a whole number from 0 to 65535, got "${value}".`, "webhooks");
}
