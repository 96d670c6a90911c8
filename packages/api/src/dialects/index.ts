/** The dialects that are served. A new one is a folder beside this file and a line here. */
import type { Dialect } from "./dialect.ts";
import { smileloop } from "./smileloop/dialect.ts";

export const DIALECTS: readonly Dialect[] = [smileloop];
