/** Whose services an adapter for AWS talks to. */
export type AwsClientOptions = {
  region: string;
  /** Another service than AWS's own. */
  endpoint?: string | undefined;
  /** Otherwise those of the machine. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined;
};

/** The same for the SDK, which takes `undefined` for a value. */
export function awsClientConfig({ region, endpoint, credentials }: AwsClientOptions) {
  return { region, ...(endpoint ? { endpoint } : {}), ...(credentials ? { credentials } : {}) };
}
