import { render } from "preact";
import { App } from "./app.tsx";
import { backFromPayment } from "./payment.ts";
import { loadTexts } from "./texts.ts";

await loadTexts();
await backFromPayment();
render(<App />, document.getElementById("app")!);
// pages of plain http have none but on this machine
navigator.serviceWorker?.register(new URL("service-worker.js", document.baseURI)).catch(() => {});
