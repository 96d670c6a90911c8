/** A standalone worker, for containers and Batch. */
import { runWorker } from "./setup/run-worker.ts";

await runWorker();
