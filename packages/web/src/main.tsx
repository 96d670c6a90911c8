import { render } from "preact";
import { afterFirstFrame } from "./after-first-frame.ts";
import { App } from "./app.tsx";
import { backFromPayment } from "./payment.ts";
import { loadTexts } from "./texts.ts";

const WORKER_AFTER_MS = 500;

// what the page begins with is seen before the work of a view holds the machine up
await Promise.all([loadTexts(), backFromPayment(), afterFirstFrame()]);
render(<App />, document.getElementById("app")!);
// the worker loads the whole page once more, which can wait until it is seen; pages of plain http have none but on this machine
setTimeout(
  () => navigator.serviceWorker?.register(new URL("service-worker.js", document.baseURI)).catch(() => {}),
  WORKER_AFTER_MS,
);
