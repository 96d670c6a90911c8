/** The one reader of the environment. Everything else takes arguments. */
import { availableParallelism } from "node:os";
import { z } from "zod";

const list = z.string().transform((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
);
const flag = z.enum(["0", "1", "false", "true", ""]).transform((text) => text === "1" || text === "true");
const wholeNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/, "a whole number").transform(Number).pipe(z.number().min(min).max(max));

export const envSchema = z.object({
  /** Where to listen; by default both loopback addresses. */
  HOST: z.string().min(1).default("localhost"),
  PORT: wholeNumber(0, 65_535).default(8000),
  DATA_DIR: z.string().min(1).default(".smileloop"),
  /** The address that clients see, behind a proxy: `https://example.org`. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Further host names that are served on loopback, besides localhost and its addresses. */
  ALLOWED_HOSTS: list.default([]),
  /** Origins of other sites' pages that may call the API. */
  CORS_ORIGINS: list.default([]),
  /** Lets a server off loopback start without keys. */
  ALLOW_OPEN: flag.default(false),
  /** Processes of the built-in engine. */
  WARP_PROCESSES: wholeNumber(1, 64).default(() => Math.max(1, availableParallelism() - 1)),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
});
export type Env = z.infer<typeof envSchema>;

/** The environment is not right; `message` names each variable that is wrong. */
export class EnvError extends Error {}

/** Throws EnvError. Empty variables count as unset. */
export function readEnv(variables: Record<string, string | undefined> = process.env): Env {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = envSchema.safeParse(set);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new EnvError(`The environment is not right. ${faults.join("; ")}`);
}
