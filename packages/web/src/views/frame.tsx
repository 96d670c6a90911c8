/** What stands around every view. */
import { hashOf } from "../place.ts";
import { facts } from "../server.ts";
import { LANGUAGES, languageTag, t } from "../texts.ts";
import { usePainted } from "./use-painted.ts";

export function Header({ onLanguage }: { onLanguage: (tag: string) => void }) {
  // looking for the fonts of other scripts takes a slow machine 200 ms
  const languages = usePainted() ? LANGUAGES : LANGUAGES.filter(({ tag }) => tag === languageTag());
  return (
    <header>
      <a class="brand" href={hashOf({ at: "start" })} aria-label={t("home")}>
        <Logo />
        SmileLoop
      </a>
      <label class="language">
        <span class="hidden">{t("language")}</span>
        <select value={languageTag()} onChange={(event) => onLanguage(event.currentTarget.value)}>
          {languages.map(({ tag, name }) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </header>
  );
}

/** In the page itself, as in `index.html`: a picture of its own would be one more request, and a slow machine takes 50 ms to set one up. */
function Logo() {
  return (
    <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <circle cx="16" cy="16" r="15" fill="#fc3" />
      <circle cx="11" cy="12" r="2.2" />
      <circle cx="21" cy="12" r="2.2" />
      <path d="M8 18a8.5 8.5 0 0 0 16 0" fill="none" stroke="#000" stroke-width="2.4" stroke-linecap="round" />
    </svg>
  );
}

export function Footer() {
  return (
    <footer>
      <p>
        <a href="developers">{t("developers")}</a> <a href="docs">{t("api_docs")}</a>{" "}
        <a href={`takedown?lang=${languageTag()}`}>{t("takedown")}</a> <span dir="ltr">SmileLoop {facts.version}</span>
      </p>
    </footer>
  );
}
