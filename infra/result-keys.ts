/** The keys that workers sign and mark results with, which every stack has. */
import { RESULT_KEYS, type ResultKey, SECRETS } from "./policy/secrets.ts";

export type ResultKeys = Record<ResultKey, $util.Output<string>>;

export function createResultKeys(): ResultKeys {
  const values = RESULT_KEYS.map((variable) => [variable, new sst.Secret(SECRETS[variable].name).value]);
  return Object.fromEntries(values) as ResultKeys;
}
