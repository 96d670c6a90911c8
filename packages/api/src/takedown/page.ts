/** The form for takedowns and what follows it: plain HTML without scripts, in the languages of the web page. */
import { TAKEDOWN_TEXTS, type TakedownTexts } from "./texts.ts";

/** The one that was asked for, else the first that the browser knows, else English. */
export function languageOf(asked: string | undefined, accepted: string | undefined): string {
  const wanted = [asked ?? "", ...(accepted ?? "").split(",")].map((each) =>
    each.trim().split(/[-;]/)[0]!.toLowerCase(),
  );
  return wanted.find((each) => Object.hasOwn(TAKEDOWN_TEXTS, each)) ?? "en";
}

export function formPage(language: string): string {
  const t = TAKEDOWN_TEXTS[language]!;
  const kinds = (["intimate", "minor", "other"] as const).map(
    (kind) => `<label><input type="radio" name="kind" value="${kind}" required> ${html(t[kind])}</label>`,
  );
  return page(
    language,
    "",
    `<h1>${html(t.title)}</h1>
<p class="lead">${html(t.lead)}</p>
<form method="post" action="v1/takedown" enctype="multipart/form-data">
<input type="hidden" name="lang" value="${language}">
<fieldset><legend>${html(t.what)}</legend>
${kinds.join("\n")}
</fieldset>
<label>${html(t.link)}<input type="text" name="link" maxlength="2000" dir="ltr"></label>
<label>${html(t.file)}<input type="file" name="file" accept="image/*,video/*"></label>
<label>${html(t.statement)}<textarea name="statement" rows="5" maxlength="2000"></textarea></label>
<label>${html(t.contact)}<input type="text" name="contact" maxlength="200" required autocomplete="email"></label>
<label>${html(t.name)}<input type="text" name="name" maxlength="200" required autocomplete="name"></label>
<label><input type="checkbox" name="good_faith" required> ${html(t.good_faith)}</label>
<p><button class="button" type="submit">${html(t.send)}</button></p>
</form>
<p>${html(t.kept)}</p>`,
  );
}

export function receivedPage(language: string, ticket: string, dueAt: string): string {
  const t = TAKEDOWN_TEXTS[language]!;
  return page(
    language,
    "../",
    `<h1>${html(t.received)}</h1>
<p class="lead">${html(t.number)}: <code>${html(ticket)}</code></p>
<p>${html(t.due)}: <time datetime="${dueAt}">${dueAt.slice(0, 16).replace("T", " ")} UTC</time></p>`,
  );
}

/** `base`: from where the page is to the start page; what is before that, a proxy may have taken off. */
function page(language: string, base: string, main: string): string {
  const t: TakedownTexts = TAKEDOWN_TEXTS[language]!;
  const others = Object.entries(TAKEDOWN_TEXTS).map(
    ([tag, { language: name }]) =>
      `<a href="${base}takedown?lang=${tag}" lang="${tag}" hreflang="${tag}">${html(name)}</a>`,
  );
  return `<!doctype html>
<html lang="${language}" dir="${language === "ar" ? "rtl" : "ltr"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${html(t.title)} – SmileLoop</title>
<link rel="icon" type="image/svg+xml" href="${base}favicon.svg">
<link rel="stylesheet" href="${base}home.css">
</head>
<body>
<header><a class="brand" href="${base || "./"}">SmileLoop</a><nav>${others.join(" ")}</nav></header>
<main class="form">
${main}
</main>
</body>
</html>
`;
}

function html(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
