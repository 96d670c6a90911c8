/** The page: a start, a photo with what can be made of it, and a job from its beginning to its result. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type ChangePhoto, keepPhoto, keptPhoto, type Photo, sendPhoto } from "./photo.ts";
import { go, usePlace } from "./place.ts";
import { applyKey, hasKey, sayError } from "./server.ts";
import { chooseLanguage, t } from "./texts.ts";
import { Footer, Header } from "./views/frame.tsx";
import { useIncoming } from "./views/incoming.ts";
import { JobView } from "./views/job.tsx";
import { KeyForm } from "./views/key-form.tsx";
import { Notice } from "./views/notice.tsx";
import { Sending } from "./views/sending.tsx";
import { Start } from "./views/start.tsx";
import { Studio } from "./views/studio.tsx";
import { usePainted } from "./views/use-painted.ts";

type Underway = { url: string | null; share: number; stop: () => void };

export function App() {
  const place = usePlace();
  const [, redraw] = useState(0);
  const [photo, setPhoto] = useState<Photo | null>(keptPhoto);
  const [sending, setSending] = useState<Underway | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [keyed, setKeyed] = useState(hasKey);
  const main = useRef<HTMLElement>(null);
  const painted = usePainted();

  const change: ChangePhoto = (by) =>
    setPhoto((now) => {
      const next = now && by ? by(now) : null;
      keepPhoto(next);
      return next;
    });
  const open = async (file: Blob) => {
    sending?.stop();
    const leaving = new AbortController();
    const { signal } = leaving;
    const stop = () => {
      leaving.abort();
      setSending(null);
    };
    setFault(null);
    if (!isPicture(file)) return setFault(t("no_picture"));
    setSending({ url: null, share: 0, stop });
    const onShown = (url: string | null) => setSending((now) => now && { ...now, url });
    const onSent = (share: number) => setSending((now) => now && { ...now, share });
    try {
      const sent = await sendPhoto(file, { signal, onShown, onSent });
      if (photo?.url) URL.revokeObjectURL(photo.url);
      keepPhoto(sent);
      setPhoto(sent);
      setSending(null);
      go({ at: "photo" });
    } catch (error) {
      if (signal.aborted) return;
      setSending(null);
      setFault(sayError(error));
      go({ at: "start" });
    }
  };
  const dragging = useIncoming(open);
  useFocusOnChange(main, `${place.at}${sending !== null}`);
  const onLanguage = (tag: string) => void chooseLanguage(tag).then(() => redraw((n) => n + 1));
  const onKey = (key: string) => {
    applyKey(key);
    setKeyed(true);
  };

  return (
    <>
      <button class="skip" type="button" onClick={() => main.current?.focus()}>
        {t("skip")}
      </button>
      <Header onLanguage={onLanguage} />
      <main id="main" ref={main} tabIndex={-1} class={`at-${sending ? "sending" : place.at}`}>
        {!keyed ? (
          <KeyForm onKey={onKey} />
        ) : sending ? (
          <Sending {...sending} />
        ) : place.at === "job" ? (
          <JobView key={place.id} id={place.id} photo={photo} onPhoto={change} onFile={open} />
        ) : place.at === "photo" && photo ? (
          <Studio photo={photo} onPhoto={change} onFile={open} />
        ) : (
          <Start onFile={open} fault={fault} />
        )}
      </main>
      {painted ? <Footer /> : null}
      {dragging ? <div class="dropping">{t("drop_now")}</div> : null}
      <Notice />
    </>
  );
}

/** What the server would refuse at once is not sent; files without a type are looked at by their content. */
function isPicture({ type, size }: Blob): boolean {
  return size > 0 && (type === "" || type.startsWith("image/"));
}

/** So that readers of screens are told where they are; not at the start. */
function useFocusOnChange(element: { current: HTMLElement | null }, what: string): void {
  const before = useRef(what);
  useEffect(() => {
    if (before.current === what) return;
    before.current = what;
    scrollTo({ top: 0 });
    element.current?.focus({ preventScroll: true });
  }, [what]);
}
