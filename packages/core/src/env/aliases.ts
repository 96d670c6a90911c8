/** Variables of VidX's server, which stand for ours where those are unset. */
import { z } from "zod";
import { oneOf } from "./values.ts";

type Variables = Readonly<Record<string, string>>;

const text = z.string().min(1).optional();
export const aliasVariables = {
  /** Where records and files are: in a folder, or in S3. */
  STORAGE_BACKEND: oneOf("local", "s3").optional(),
  /** For DATA_DIR. */
  VIDX_DATA_DIR: text,
  /** For BUCKET, with STORAGE_BACKEND=s3 alone: other programs know a variable of this name. */
  S3_BUCKET: text,
  /** For CORS_ORIGINS. */
  VIDX_ALLOWED_ORIGINS: text,
};

/** By theirs: ours. */
const ALIASES = { VIDX_DATA_DIR: "DATA_DIR", S3_BUCKET: "BUCKET", VIDX_ALLOWED_ORIGINS: "CORS_ORIGINS" } as const;
type Alias = keyof typeof ALIASES;

/**
 * `set`: with the values of theirs under our names. `given`: by our names, under which name the value came. `faults`: what is said twice and
 * differently, or is missing.
 */
export function withAliases(variables: Variables): {
  set: Record<string, string>;
  given: ReadonlyMap<string, string>;
  faults: string[];
} {
  const read = (Object.keys(ALIASES) as Alias[]).filter((name) => isRead(name, variables));
  const faults = [...storageFaults(variables)];
  const set: Record<string, string> = { ...variables };
  const given = new Map<string, string>();
  for (const name of read) {
    const [own, value] = [ALIASES[name], variables[name]!];
    if (variables[own] !== undefined && variables[own] !== value) {
      faults.push(`${name}=${value}: ${own}=${variables[own]} says something else; set one of them`);
    }
    if (variables[own] !== undefined) continue;
    set[own] = value;
    given.set(own, name);
  }
  return { set, given, faults };
}

/** Whether a variable of theirs counts. */
export function isRead(name: string, variables: Readonly<Record<string, string | undefined>>): boolean {
  if (variables[name] === undefined || variables[name] === "") return false;
  return name !== "S3_BUCKET" || variables.STORAGE_BACKEND === "s3";
}

function storageFaults({ STORAGE_BACKEND: backend, BUCKET: bucket, S3_BUCKET: theirs }: Variables): string[] {
  if (backend === "local" && bucket !== undefined) {
    return [`STORAGE_BACKEND=local: BUCKET=${bucket} says that files are in S3; leave one of them out`];
  }
  if (backend === "s3" && bucket === undefined && theirs === undefined) {
    return ["STORAGE_BACKEND=s3: S3_BUCKET is missing, the bucket for records and files"];
  }
  return [];
}
