// The container's health check: what the worker says of itself in `$WORK_DIR/health.json`. Ends with 0 when it can take work.
import { readFileSync } from "node:fs";

const OLD_MS = 60_000;

try {
  const { state, detail, at } = JSON.parse(
    readFileSync(`${process.env.WORK_DIR ?? "/tmp/smileloop"}/health.json`, "utf8"),
  );
  const age = Date.now() - at;
  const said =
    age > OLD_MS ? `hangs: it has said nothing for ${Math.round(age / 1000)} s` : `${state} ${detail}`.trim();
  console.log(said);
  process.exitCode = said === "ready" ? 0 : 1;
} catch {
  console.log("no worker");
  process.exitCode = 1;
}
