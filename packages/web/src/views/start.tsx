/** The first view: an example, how a photo comes in, what happens to it, and what this browser has made before. */
import { facts } from "../server.ts";
import { span, t } from "../texts.ts";
import { Example } from "./example.tsx";
import { History } from "./history.tsx";
import { Icon } from "./icons.tsx";
import { Picker } from "./picker.tsx";
import { usePainted } from "./use-painted.ts";
import { Verify } from "./verify.tsx";

export function Start({ onFile, fault }: { onFile: (file: Blob) => void; fault: string | null }) {
  const painted = usePainted();
  return (
    <>
      <section class="hero">
        <div class="intro">
          <h1>
            <span>{t("title_before")}</span> <span>{t("title_after")}</span>
          </h1>
          <p class="lead">{t("lead")}</p>
          <Picker onFile={onFile} />
          <p class="drop-hint soft">{t("drop")}</p>
          {fault ? (
            <p class="fault" role="alert">
              {fault}
            </p>
          ) : null}
        </div>
        <Example />
      </section>
      {painted ? <Below /> : null}
    </>
  );
}

/** What is not seen at first on most screens: it would take a slow machine 300 ms before the first look at the rest. */
function Below() {
  const life = span(facts.lifeSeconds);
  return (
    <>
      <History />
      <section class="privacy" aria-labelledby="privacy">
        <h2 id="privacy">{t("privacy_title")}</h2>
        <ul>
          <li>
            <Icon name="lock" /> {t("privacy_sent")}
          </li>
          <li>
            <Icon name="clock" /> {t("privacy_life", { life })}
          </li>
          <li>
            <Icon name="robot" /> {t("privacy_machine")}
          </li>
          <li>
            <Icon name="people" /> {t("privacy_consent")}
          </li>
        </ul>
      </section>
      <Verify />
    </>
  );
}
