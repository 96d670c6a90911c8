/** A short sentence at the edge of the page, and whether there is a network. */
import { useEffect, useState } from "preact/hooks";
import { t } from "../texts.ts";

const SHOWN_MS = 5000;
let show: (text: string) => void = () => {};

export function notice(text: string): void {
  show(text);
}

export function Notice() {
  const [text, setText] = useState("");
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    let timer = 0;
    show = (next) => {
      setText(next);
      clearTimeout(timer);
      timer = setTimeout(setText, SHOWN_MS, "") as unknown as number;
    };
    const changed = () => setOnline(navigator.onLine);
    addEventListener("online", changed);
    addEventListener("offline", changed);
    return () => {
      clearTimeout(timer);
      removeEventListener("online", changed);
      removeEventListener("offline", changed);
    };
  }, []);
  const shown = text || (online ? "" : t("offline"));
  return (
    <div class="notice" role="status" data-shown={shown !== ""}>
      {shown}
    </div>
  );
}
