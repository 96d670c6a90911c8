/** The API's own domain, by CloudFront: a Function URL takes none. */
import type { Settings } from "./policy/settings.ts";
import { ERRORS_THAT_ARE_CACHED, NOTHING_CACHED } from "./policy.ts";

/** Null without a domain. */
export function createDomain({ domain }: Settings): sst.aws.Router | null {
  if (!domain) return null;
  const { name, certificate } = domain;
  return new sst.aws.Router("Domain", {
    domain: certificate ? { name, dns: false, cert: certificate } : name,
    transform: {
      cdn: (args) => {
        args.defaultCacheBehavior = $resolve([args.defaultCacheBehavior]).apply(([behavior]) => ({
          ...behavior!,
          cachePolicyId: NOTHING_CACHED,
        }));
        args.customErrorResponses = ERRORS_THAT_ARE_CACHED.map((errorCode) => ({ errorCode, errorCachingMinTtl: 0 }));
      },
    },
  });
}
