#!/usr/bin/env node
import { withNode } from "./with-node.mjs";

withNode(import.meta.url, () => import("../src/main.ts").then((cli) => cli.main(process.argv.slice(2))));
