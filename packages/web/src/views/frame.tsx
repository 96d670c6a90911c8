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
        <img src="favicon.svg" alt="" width="28" height="28" />
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
