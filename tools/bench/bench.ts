/**
 * `npm run bench [-- --only <part>[,<part>]]`: how fast and how large it is on this machine, each figure beside what the
 * project wants and beside the bound of the same machine in the same run. Prints a table and writes `out/bench.json`.
 */
import { archive } from "./archive.ts";
import { clip, growth } from "./clip.ts";
import { faces } from "./faces.ts";
import { followers } from "./followers.ts";
import { inspect } from "./inspect.ts";
import { installed } from "./installed.ts";
import { lambda } from "./lambda.ts";
import { lipsync, longLipsync } from "./lipsync.ts";
import { personalize } from "./personalize.ts";
import { plans } from "./plans.ts";
import { previews } from "./previews.ts";
import { ratios } from "./ratios.ts";
import { recipients } from "./recipients.ts";
import { runBench } from "./run.ts";
import { jobs, requests, start } from "./server.ts";
import { shares } from "./shares.ts";
import { speak } from "./speak.ts";
import { streams } from "./streams.ts";
import { longTalk, talk } from "./talk.ts";

await runBench("bench", [
  clip,
  ratios,
  growth,
  previews,
  speak,
  talk,
  longTalk,
  lipsync,
  longLipsync,
  personalize,
  faces,
  inspect,
  start,
  jobs,
  requests,
  plans,
  recipients,
  streams,
  followers,
  archive,
  installed,
  lambda,
  shares,
]);
