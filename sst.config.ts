/// <reference path="./.sst/platform/config.d.ts" />

/** The AWS stack: `npm run deploy`. What is in it stands in infra/. */
export default $config({
  app: () => ({
    name: "smileloop",
    home: "aws",
    // nothing in it lives longer than a day
    removal: "remove",
    providers: { aws: { region: (process.env.AWS_REGION || "us-east-1") as aws.Region } },
  }),
  async run() {
    const { createStack } = await import("./infra/stack.ts");
    return createStack(process.env);
  },
});
