// What `npm start` runs: the local server, on a Node that can run it.
import { withNode } from "../packages/cli/bin/with-node.mjs";

withNode(import.meta.url, () => import("./local.ts").then((local) => local.main()));
