/** What we use of cli-progress 3.12, which has no types of its own. */
declare module "cli-progress" {
  class SingleBar {
    constructor(
      options: { format: string; stream: NodeJS.WritableStream; clearOnComplete: boolean; hideCursor: boolean },
      preset: object,
    );
    start(total: number, startValue: number, payload: Record<string, string>): void;
    update(current: number, payload: Record<string, string>): void;
    stop(): void;
  }
  const cliProgress: { SingleBar: typeof SingleBar; Presets: { shades_classic: object } };
  // biome-ignore lint/style/noDefaultExport: that is how the package exports
  export default cliProgress;
}
