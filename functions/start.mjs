// What `npm start` runs: the local server, on a Node that can run it. `npm start` keeps V8's young generation small (1 MiB), so
// that ten 200 MB uploads at once grow the process by some 20 MB and not by 60; requests a second stay the same.
import { withNode } from "../packages/cli/bin/with-node.mjs";

withNode(import.meta.url, () => import("./local.ts").then((local) => local.main()));
