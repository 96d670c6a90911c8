/** The dialects that are served. To add one: a folder next to this file, and a line here. */
import type { Dialect } from "./dialect.ts";
import { facefusion } from "./facefusion/dialect.ts";
import { lipsync } from "./lipsync/dialect.ts";
import { login } from "./login/dialect.ts";
import { smileloop } from "./smileloop/dialect.ts";
import { speech } from "./speech/dialect.ts";
import { syncSo } from "./sync-so/dialect.ts";
import { talkingAvatar } from "./talking-avatar/dialect.ts";
import { vidx } from "./vidx/dialect.ts";

export const DIALECTS: readonly Dialect[] = [
  smileloop,
  talkingAvatar,
  login,
  speech,
  lipsync,
  syncSo,
  facefusion,
  vidx,
];
