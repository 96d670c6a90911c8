/** The page for developers: what this is, what comes out, and how to begin. Plain HTML without scripts; whatever it loads is named relative to it. */
import type { Preset } from "@smileloop/core/motion/preset.ts";

export type HomeFacts = {
  version: string;
  /** What clients' addresses start with. */
  base: string;
  /** Whether a caller needs a key. */
  closed: boolean;
  /** Command lines to begin with, one a line. */
  commands: string[];
  presets: (Pick<Preset, "name" | "description"> & { hasPreview: boolean })[];
  /** What jobs there are. */
  kinds: { name: string; title: string }[];
};

export function homePage({ version, base, closed, commands, presets, kinds }: HomeFacts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="Upload a portrait, pick a motion, get an MP4.">
<title>SmileLoop</title>
<link rel="icon" type="image/svg+xml" href="favicon.svg">
<link rel="stylesheet" href="home.css">
</head>
<body>
<header>
<a class="brand" href="./"><img src="favicon.svg" alt="" width="28" height="28">SmileLoop</a>
<nav aria-label="Documentation"><a href="docs">Try it</a><a href="redoc">Reference</a><a href="openapi.json">OpenAPI</a></nav>
</header>
<main>
<section class="hero">
<div>
<h1>A photo goes in.<br>A smile comes out.</h1>
<p class="lead">Upload a portrait, pick a motion, and get an MP4 that loops. This server does all of it by itself.</p>
<p class="actions"><a class="button" href="docs">Try it in the browser</a><a class="quiet" href="redoc">Read the API reference</a></p>
</div>
<figure class="pair">
<div><img src="home/still.jpg" alt="A portrait with a neutral face" width="288" height="288"><span>photo</span></div>
<div><picture><source media="(prefers-reduced-motion: reduce)" srcset="home/still.jpg">
<img src="home/example.webp" alt="The same portrait, smiling" width="288" height="288"></picture><span>video</span></div>
</figure>
</section>
${commands.length > 0 ? terminal(commands, closed) : ""}<section>
<h2>${presets.length} motions</h2>
<ul class="presets">
${presets.map(presetItem).join("\n")}
</ul>
</section>
<section>
<h2>Kinds of jobs</h2>
<ul class="kinds">
${kinds.map(({ name, title }) => `<li><code>${html(name)}</code> ${html(title)}</li>`).join("\n")}
</ul>
</section>
</main>
<footer>
<p>SmileLoop ${html(version)} at <code>${html(base)}</code>. Every clip says in its metadata that a machine made it.</p>
<p><a href="v1/presets">presets</a> <a href="v1/voices">voices</a> <a href="v1/kinds">kinds of jobs</a> <a href="health">health</a> <a href="ready">readiness</a> <a href="takedown">have something taken down</a></p>
</footer>
</body>
</html>
`;
}

function terminal(commands: string[], closed: boolean): string {
  const key = closed
    ? "<p>This server asks for a key: put yours into <code>SMILELOOP_KEY</code>.</p>\n"
    : "<p>Paste this into a terminal: it fetches a sample portrait and writes <code>smile.mp4</code>.</p>\n";
  return `<section>
<h2>Two lines in a terminal</h2>
${key}<pre><code>${commands.map(html).join("\n")}</code></pre>
</section>
`;
}

function presetItem({ name, description, hasPreview }: HomeFacts["presets"][number]): string {
  const picture = hasPreview
    ? `<img src="v1/presets/${name}/preview" alt="" width="144" height="144" loading="lazy">`
    : '<span class="none" aria-hidden="true"></span>';
  return `<li>${picture}<h3>${name}</h3><p>${html(description)}</p></li>`;
}

/** Text as it stands in HTML. */
function html(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
