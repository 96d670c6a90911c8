/** The command line: `main` runs one command and sets the exit code of the process. */
import manifest from "../package.json" with { type: "json" };
import { parseCommand } from "./args.ts";
import { EXIT, printJson } from "./report.ts";
import { UsageError } from "./usage-error.ts";

export async function main(argv: string[]): Promise<void> {
  process.exitCode = await run(argv);
}

async function run(argv: string[]): Promise<number> {
  try {
    const command = parseCommand(argv);
    switch (command.name) {
      case "help":
        process.stdout.write(command.text);
        return EXIT.done;
      case "version":
        process.stdout.write(`${manifest.version}\n`);
        return EXIT.done;
      case "presets": {
        const { listPresets } = await import("./presets.ts");
        process.stdout.write(listPresets(command.json));
        return EXIT.done;
      }
      case "animate": {
        const { animate } = await import("./animate.ts");
        return await animate(command.args);
      }
      case "previews": {
        const { previews } = await import("./previews.ts");
        return await previews(command.args);
      }
      case "speak": {
        const { speak } = await import("./speak.ts");
        return await speak(command.args);
      }
      case "voices": {
        const { listVoices } = await import("./voices.ts");
        process.stdout.write(listVoices(command));
        return EXIT.done;
      }
      case "talk": {
        const { talk } = await import("./talk.ts");
        return await talk(command.args);
      }
      case "lipsync": {
        const { lipsync } = await import("./lipsync.ts");
        return await lipsync(command.args);
      }
      case "personalize": {
        const { personalize } = await import("./personalize.ts");
        return await personalize(command.args);
      }
      case "faces": {
        const { processFaces } = await import("./faces.ts");
        return await processFaces(command.args);
      }
      case "convert": {
        const { convert } = await import("./convert.ts");
        return await convert(command.args);
      }
      case "motion": {
        const { extractMotion } = await import("./motion.ts");
        return await extractMotion(command.args);
      }
      case "inspect": {
        const { inspect } = await import("./inspect.ts");
        return await inspect(command.args);
      }
      case "verify": {
        const { verify } = await import("./verify.ts");
        return await verify(command.args);
      }
      case "key": {
        const { newKey } = await import("./key.ts");
        process.stdout.write(newKey(command.owner, command.json));
        return EXIT.done;
      }
      case "user": {
        const { newUser } = await import("./user.ts");
        process.stdout.write(await newUser(command.args));
        return EXIT.done;
      }
      case "audit": {
        const { checkAudits } = await import("./trust.ts");
        return await checkAudits(command.args);
      }
      case "erase": {
        const { erase } = await import("./trust.ts");
        return await erase(command.args);
      }
      case "webhooks": {
        const { webhooks } = await import("./webhooks.ts");
        return await webhooks(command.args);
      }
      case "serve": {
        // the same entry as `npm start`: the server is one thing, however it is started
        const { main: serve } = await import("../../../functions/local.ts");
        await serve();
        return EXIT.done;
      }
    }
  } catch (error) {
    if (!(error instanceof UsageError)) return await sayFault(error, argv.includes("--json"));
    const hint = `${typedAs()} ${error.command ? `${error.command} ` : ""}--help`;
    if (argv.includes("--json")) printJson({ ok: false, error: { code: "usage", detail: error.message } });
    else process.stderr.write(`smileloop: ${error.message} See ${hint}.\n`);
    return EXIT.usage;
  }
}

/** How the command is typed here: npm puts it where only npx finds it. */
function typedAs(): string {
  return /node_modules[\\/]\.bin/.test(process.argv[1] ?? "") ? "npx --no-install smileloop" : "smileloop";
}

/** Throws what is not an AppError. */
async function sayFault(error: unknown, json: boolean): Promise<number> {
  const { AppError } = await import("@smileloop/core/errors.ts");
  if (!(error instanceof AppError)) throw error;
  const { code, message } = error;
  if (json) printJson({ ok: false, error: { code, detail: message } });
  else process.stderr.write(`smileloop: ${message}\n`);
  return EXIT.failed;
}
