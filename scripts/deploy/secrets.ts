/** What `sst secret list` says: the fallback of all stages first, then the stage's own, each under a heading. */
import { stripVTControlCharacters } from "node:util";

/**
 * The value that a stage has by this name, or "". Where the stage has none of its own, SST takes the fallback; a value that is set
 * for the stage hides it, so that one to be added to has to begin with it.
 */
export function secretOf(name: string, stage: string, listed: string): string {
  const found = new Map<string, string>();
  let heading = "";
  for (const line of stripVTControlCharacters(listed).split(/\r?\n/)) {
    const [, title] = /^# (.+)$/.exec(line) ?? [];
    if (title !== undefined) heading = title.trim();
    else if (line.startsWith(`${name}=`)) found.set(heading, line.slice(name.length + 1).trim());
  }
  const own = [...found].find(([title]) => title.endsWith(`/${stage}`))?.[1];
  return own ?? found.get("fallback") ?? "";
}
