/** Whether this machine has credentials for AWS at all; whether they are good, AWS says. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where AWS's tools look, in any order. A machine on EC2 sets AWS_PROFILE, too, if it wants to deploy by its own role. */
export function awsCredentialsFound(variables: Record<string, string | undefined>, home = homedir()): boolean {
  const set = (name: string) => (variables[name] ?? "") !== "";
  return (
    (set("AWS_ACCESS_KEY_ID") && set("AWS_SECRET_ACCESS_KEY")) ||
    set("AWS_PROFILE") ||
    set("AWS_WEB_IDENTITY_TOKEN_FILE") ||
    set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI") ||
    existsSync(variables.AWS_SHARED_CREDENTIALS_FILE ?? join(home, ".aws/credentials")) ||
    existsSync(variables.AWS_CONFIG_FILE ?? join(home, ".aws/config"))
  );
}
