/** The style of the page for developers, for phones first; light or dark as the reader's system is. */
export const HOME_STYLE = `:root {
  color-scheme: light dark;
  --ink: #1c1a17; --soft: #6a645a; --paper: #fffdf8; --card: #fff; --line: #e9e2d3; --sun: #fc3; --code: #f6f1e4;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #f3efe6; --soft: #a8a194; --paper: #16140f; --card: #1f1c16; --line: #343027; --code: #211e17; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 66rem; padding: 0 1.25rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  -webkit-text-size-adjust: 100%;
}
a { color: inherit; text-underline-offset: .2em; text-decoration-color: var(--sun); text-decoration-thickness: .12em; }
a:hover { text-decoration-color: currentcolor; }
:focus-visible { outline: 3px solid var(--sun); outline-offset: 3px; border-radius: 4px; }
header { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1.5rem; padding: 1.25rem 0; }
.brand { display: flex; align-items: center; gap: .6rem; font-weight: 700; letter-spacing: -.01em; text-decoration: none; }
nav { display: flex; gap: 1.25rem; font-size: .9375rem; }
nav a { text-decoration: none; color: var(--soft); }
nav a:hover { color: var(--ink); }
.hero { display: grid; gap: 2.25rem; align-items: center; padding: 1.75rem 0 3rem; }
h1 { margin: 0; font-size: clamp(1.9rem, 7.6vw, 3.1rem); line-height: 1.08; letter-spacing: -.035em; text-wrap: balance; }
.lead { margin: 1.1rem 0 0; max-width: 30rem; font-size: 1.1875rem; color: var(--soft); text-wrap: pretty; }
.actions { display: flex; flex-wrap: wrap; align-items: center; gap: .9rem 1.4rem; margin: 1.75rem 0 0; }
.button { padding: .7rem 1.25rem; border-radius: 999px; background: var(--sun); color: #1c1a17; font-weight: 650; text-decoration: none; }
.button:hover { filter: brightness(1.06); }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; margin: 0; }
.pair img { display: block; width: 100%; height: auto; border-radius: 1.1rem; background: var(--code); }
.pair span { display: block; margin-top: .5rem; text-align: center; font-size: .875rem; color: var(--soft); }
.pair > :first-child img { filter: saturate(.35); opacity: .9; }
h2 { margin: 0 0 .35rem; font-size: 1.5rem; line-height: 1.2; letter-spacing: -.02em; }
section + section { padding: 1.25rem 0 2rem; }
section > p { margin: 0 0 .9rem; color: var(--soft); }
pre {
  margin: 0; padding: 1.1rem 1.25rem; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: .9rem; background: var(--code);
  font-size: .875rem; line-height: 1.7;
}
code { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9em; }
.presets { display: grid; grid-template-columns: repeat(2, 1fr); gap: 1.5rem 1rem; margin: 1.1rem 0 0; padding: 0; list-style: none; }
.presets img, .none { display: block; width: 100%; height: auto; aspect-ratio: 1; border-radius: .9rem; background: var(--code); }
.none { background: radial-gradient(circle at 50% 42%, var(--sun) 0 34%, var(--code) 35%); opacity: .5; }
h3 { margin: .6rem 0 0; font-size: .9375rem; font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-weight: 600; }
.presets p { margin: .1rem 0 0; font-size: .875rem; line-height: 1.4; color: var(--soft); }
.kinds { display: grid; gap: .5rem; margin: .9rem 0 0; padding: 0; list-style: none; color: var(--soft); }
.kinds code { display: inline-block; min-width: 6.5rem; color: var(--ink); font-weight: 600; }
footer { margin-top: 2rem; padding: 1.25rem 0 2.5rem; border-top: 1px solid var(--line); font-size: .875rem; color: var(--soft); }
footer p { margin: 0 0 .35rem; overflow-wrap: anywhere; }
footer a { margin-right: .9rem; }
.form form { display: grid; gap: 1.1rem; max-width: 40rem; margin: 1.5rem 0; }
.form h1 { font-size: 2rem; }
.form label, .form legend { display: block; }
.form fieldset { display: grid; gap: .5rem; padding: 1rem; border: 1px solid var(--line); border-radius: .9rem; }
.form input[type="text"], .form textarea { display: block; box-sizing: border-box; width: 100%; margin-top: .35rem; padding: .6rem .75rem; border: 1px solid var(--line); border-radius: .6rem; font: inherit; color: inherit; background: transparent; }
.form input[type="file"] { display: block; margin-top: .35rem; }
.form button { border: 0; font: inherit; cursor: pointer; }
@media (min-width: 34rem) { .presets { grid-template-columns: repeat(4, 1fr); } }
@media (min-width: 52rem) {
  .hero { grid-template-columns: 1.1fr 1fr; gap: 3rem; padding: 3.5rem 0 4.5rem; }
  .presets { grid-template-columns: repeat(6, 1fr); }
}
@media (prefers-reduced-motion: reduce) { .presets img { display: none; } }
`;
