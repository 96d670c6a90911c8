import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

/** Time-outs here are nets for a busy or slow machine, not expectations: what has to be fast is a benchmark (`tools/bench`). */
const MINUTE = 60_000;

/** What starts processes or a browser, renders clips or searches large worlds; the rest of the tests beside the sources is quick. */
const SLOW = [
  "packages/engine/src/services/*.test.ts",
  "packages/engine/src/check/{talk,lipsync}.test.ts",
  "packages/engine/src/faces/{swap,edit}/*.test.ts",
  "packages/engine/src/facefusion/command-line.test.ts",
  "packages/engine/src/media/formats.test.ts",
  "packages/engine/src/speak/*.test.ts",
  "packages/voice/src/{say,espeak/host-process}.test.ts",
  "packages/api/src/{docs,attack}.test.ts",
  "packages/api/src/dialects/{facefusion,vidx}/*.test.ts",
  "packages/api/src/http/multipart.test.ts",
  "packages/api/src/home/home.test.ts",
  "packages/core/src/jobs/{*-protocol,job-plan}.test.ts",
  "packages/worker/src/process/engine-process.test.ts",
  "functions/engines/facefusion.test.ts",
  "functions/setup/local-work.test.ts",
  "test/{container,e2e,echo,faults,infra,protocol}/*.test.ts",
  "test/extending.test.ts",
];
/** Clips by the dozen that are judged, runs by the dozen of a program, sounds by the hundred that are damaged: minutes of work for one answer each. */
const QUALITY = [
  "test/e2e/{cli-personalize,vidx}.test.ts",
  "packages/engine/src/facefusion/{headless,process}.test.ts",
  "packages/engine/src/faces/process-*.test.ts",
  "packages/engine/src/lip/covered.test.ts",
  "packages/engine/src/services/speaker.test.ts",
  "test/e2e/{facefusion,facefusion-clients,lipsync,personalize,personalized,safeguards,syncso}.test.ts",
  "packages/engine/src/check/{check,insert}.test.ts",
  "tools/quality/*.test.ts",
  "test/faults/mutated-sounds.test.ts",
];
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
      project("unit", QUICK, { exclude: [...SLOW, ...QUALITY] }),
      project("slow", SLOW, { exclude: QUALITY }),
      project("quality", QUALITY),
      project("operate", ["test/operate/*.operate.ts"]),
      project("storm", ["test/faults/*.storm.ts"], { alone: true }),
      project("rgw", ["test/rgw/*.rgw.ts"], { alone: true, hookMs: 10 * MINUTE }),
      project("infra", ["test/infra/stack/*.infra.ts"], { alone: true, globalSetup: ["test/infra/stack/prepare.ts"] }),
      project("container", ["test/container/*.container.ts"], { alone: true, timeoutMs: 15 * MINUTE }),
      project("liveportrait", ["test/liveportrait/*.lp.ts"], { alone: true, timeoutMs: 15 * MINUTE }),
    ],
  },
});
