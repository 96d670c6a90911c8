import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

/** Time-outs here are nets for a busy or slow machine, not expectations: what has to be fast is a benchmark (`tools/bench`). */
const MINUTE = 60_000;

/** What starts processes or a browser, renders clips or searches large worlds; the rest of the tests beside the sources is quick. */
const SLOW = [
  "packages/engine/src/services/*.test.ts",
  "packages/engine/src/{cast,face}/*.test.ts",
  "packages/engine/src/warp/**/*.test.ts",
  "packages/engine/src/lip/drawn.test.ts",
  "packages/engine/src/insert/odd-videos.test.ts",
  "packages/engine/src/facefusion/command-line.test.ts",
  "packages/engine/src/media/{clip-formats,film-reader,formats,grouped-film,loudness,picture,preview,sound,spliced-film}.test.ts",
  "packages/engine/src/{compile-cache,convert/convert,insert/markers,motion/hostile}.test.ts",
  "packages/engine/src/speak/*.test.ts",
  "packages/voice/src/{say,espeak/host-process,flite/flite,http/voices}.test.ts",
  "packages/api/src/{attack,docs,payments,recipients}.test.ts",
  "packages/api/src/dialects/{facefusion,vidx}/*.test.ts",
  "packages/api/src/dialects/talking-avatar/{clients,files}.test.ts",
  "packages/api/src/dialects/lipsync/clients.test.ts",
  "packages/api/src/http/multipart.test.ts",
  "packages/api/src/home/home.test.ts",
  "packages/core/src/jobs/{*-protocol,damaged}.test.ts",
  "packages/core/src/recipients/read-aside.test.ts",
  "packages/core/src/{files,records}/s3.test.ts",
  "packages/speech/src/net.test.ts",
  "packages/worker/src/{inspector,kinds/{animate,archive},process/engine-process}.test.ts",
  "functions/engines/facefusion.test.ts",
  "functions/setup/{cloud,local-server,local-work}.test.ts",
  "packages/worker/src/marking/{find,finder}.test.ts",
  "test/marks.test.ts",
  "test/{container,faults,infra}/*.test.ts",
  "test/e2e/{server,smoke,inspect}.test.ts",
  "presets/*.test.ts",
  "test/conformance/s3.test.ts",
  "tools/simulate/*.test.ts",
];
/** Clips by the dozen that are drawn or judged, runs by the dozen of a program, sounds by the hundred that are damaged, a world of 100,000 states, servers that are killed: minutes of work. */
const QUALITY = [
  "packages/api/src/leak.test.ts",
  "packages/core/src/jobs/job-{plan,protocol}.test.ts",
  "test/e2e/{cli-personalize,lambda-plans,vidx,voice-key}.test.ts",
  "packages/engine/src/facefusion/{headless,process}.test.ts",
  "packages/engine/src/warp/previews.test.ts",
  "packages/engine/src/faces/{process-*,lip-syncer}.test.ts",
  "packages/engine/src/faces/{edit,swap}/*.test.ts",
  "packages/engine/src/lip/covered.test.ts",
  "packages/engine/src/media/{preview,sound-damage}.test.ts",
  "packages/engine/src/services/{extract,listen,print,speaker}.test.ts",
  "test/e2e/{sdk,python-client,uppy}.test.ts",
  "test/e2e/{cli-faces,cli-speech,facefusion,facefusion-clients,lifecycle,lip-syncer,lipsync,marks,personalize,personalized,safeguards,start,syncso,talk}.test.ts",
  "packages/engine/src/check/{check,insert,lipsync,talk,talk-sound}.test.ts",
  "tools/quality/*.test.ts",
  "test/conformance/flipped-bits.test.ts",
  "test/{extending,echo/echo}.test.ts",
  "test/faults/{damaged-record,device,disk-full,disk-kill,mutated-sounds}.test.ts",
];
/** A deployment and what it uploads, by their own commands. */
const INFRA = ["test/infra/{bundle,deploy}.test.ts"];
/** Whole servers, workers, bundles and commands as users start them, with real engines. */
const E2E = ["test/{e2e,protocol}/*.test.ts"];
const QUICK = ["{packages/*/src,functions,presets,test,tools}/**/*.test.ts"];

type Options = { exclude?: string[]; timeoutMs?: number; hookMs?: number; alone?: boolean; globalSetup?: string[] };

function project(name: string, include: string[], options: Options = {}): TestProjectInlineConfiguration {
  const { exclude = [], timeoutMs = 5 * MINUTE, hookMs = timeoutMs, alone = false, globalSetup = [] } = options;
  return {
    test: {
      name,
      include,
      exclude: ["**/node_modules/**", ...exclude],
      globalSetup,
      pool: "forks",
      // test files share their processes, so that the models are loaded once
      isolate: alone,
      fileParallelism: !alone,
      testTimeout: timeoutMs,
      hookTimeout: hookMs,
      // the usual second is over before a busy machine has started a process
      expect: { poll: { timeout: 2 * MINUTE } },
    },
  };
}

/** `npm test` runs `unit` and `slow`; each of the others needs something that a bare machine may lack, or minutes. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project("unit", QUICK, { exclude: [...SLOW, ...E2E, ...QUALITY, ...INFRA] }),
      project("slow", SLOW, { exclude: [...QUALITY, ...INFRA] }),
      project("e2e", E2E, { exclude: [...SLOW, ...QUALITY] }),
      project("quality", QUALITY),
      // servers with their engine, and a browser
      project("web", ["test/web/*.web.ts"], { timeoutMs: 10 * MINUTE }),
      project("operate", ["test/operate/*.operate.ts"]),
      project("storm", ["test/faults/*.storm.ts"], { alone: true }),
      project("rgw", ["test/rgw/*.rgw.ts"], { alone: true, hookMs: 10 * MINUTE }),
      project("infra", [...INFRA, "test/infra/stack/*.infra.ts"], {
        alone: true,
        globalSetup: ["test/infra/stack/prepare.ts"],
      }),
      project("container", ["test/container/*.container.ts"], { alone: true, timeoutMs: 15 * MINUTE }),
      project("liveportrait", ["test/liveportrait/*.lp.ts"], { alone: true, timeoutMs: 15 * MINUTE }),
    ],
  },
});
