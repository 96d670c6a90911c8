/** All the environment that FaceFusion gets. */
import { delimiter, dirname, isAbsolute } from "node:path";

/** `libraries`: folders of shared libraries, as `LD_LIBRARY_PATH` has them. */
export type Place = { root: string; python: string; libraries?: string | undefined };

/** Nothing listens there, so that a model that is missing fails at once instead of being fetched. */
const NOWHERE = "http://127.0.0.1:1";
const PROXIES = ["http_proxy", "https_proxy", "all_proxy"];
/** For FFmpeg, FFprobe and curl. */
const TOOLS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/homebrew/bin"];

/** `home`: a folder that only this run has. */
export function environmentIn(home: string, { python, libraries }: Place): Record<string, string> {
  // tools may have come with this Python, as in an environment of conda
  const beside = isAbsolute(python) ? [dirname(python)] : [];
  return {
    ...{ HOME: home, TMPDIR: home, PATH: [...beside, ...TOOLS].join(delimiter) },
    ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }),
    ...Object.fromEntries(PROXIES.flatMap((name) => [name, name.toUpperCase()]).map((name) => [name, NOWHERE])),
    ...{ no_proxy: "", NO_PROXY: "" },
    // what it says comes when it says it; and the installation stays as it is
    ...{ PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" },
  };
}
