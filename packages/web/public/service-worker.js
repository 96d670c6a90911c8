/*
 * Keeps the page itself, so that it opens without a network. Nothing of anybody's photos and clips is kept. Files in `page/` are named by
 * their contents and never change; the page is asked for first, and taken from here when the server does not answer.
 */
const CACHE = "smileloop-page-1";
const HOME = new URL("./", self.location).href;
const FILES = new URL("./page/", self.location).href;

self.addEventListener("install", (event) => event.waitUntil(keepPage().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || request.headers.has("range")) return;
  const address = request.url.split("#")[0].split("?")[0];
  if (request.mode === "navigate" && address === HOME) event.respondWith(pageFirstFromServer(request));
  else if (address.startsWith(FILES)) event.respondWith(fileFirstFromCache(request));
});

async function keepPage() {
  const reply = await fetch(HOME, { headers: { Accept: "text/html" }, cache: "no-cache" });
  if (!reply.ok) throw new Error(`The page answers ${reply.status}.`);
  await store(reply);
}

/** Puts the page and what it names into the cache, and takes out what it does not name any more. */
async function store(reply) {
  const cache = await caches.open(CACHE);
  const text = await reply.clone().text();
  const named = [...text.matchAll(/(?:href|src)="(?:\.\/)?(page\/[^"]+)"/g)].map(
    ([, path]) => new URL(path, HOME).href,
  );
  const kept = new Set((await cache.keys()).map(({ url }) => url));
  await cache.addAll(named.filter((url) => !kept.has(url)));
  const before = await cache.match(HOME);
  const changed = before && (await before.text()) !== text;
  if (changed) for (const url of kept) if (url !== HOME && !named.includes(url)) await cache.delete(url);
  await cache.put(HOME, reply.clone());
}

async function pageFirstFromServer(request) {
  try {
    const reply = await fetch(request);
    if (reply.ok && reply.headers.get("content-type")?.startsWith("text/html")) await store(reply).catch(() => {});
    return reply;
  } catch (error) {
    const kept = await caches.match(HOME);
    if (kept) return kept;
    throw error;
  }
}

async function fileFirstFromCache(request) {
  const kept = await caches.match(request);
  if (kept) return kept;
  const reply = await fetch(request);
  if (reply.status === 200) (await caches.open(CACHE)).put(request, reply.clone());
  return reply;
}
