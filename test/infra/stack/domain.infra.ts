/** A deployment with a domain of its own, whose certificate was made by hand. */
import { expect, it } from "vitest";
import { deploy } from "./deploy.ts";
import { variablesOf } from "./rules.ts";

const CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0";
const stack = await deploy("test", { DOMAIN: "api.example.org", DOMAIN_CERTIFICATE: CERTIFICATE });

it("answers at the domain, and all links lead there", () => {
  expect(stack.outputs).toMatchObject({ url: "https://api.example.org" });
  expect(variablesOf(stack, "ApiFunction")).toMatchObject({ PUBLIC_URL: "https://api.example.org" });
  const [rule] = stack.find("BucketCorsConfiguration").inputs.corsRules as [{ allowedOrigins: string[] }];
  expect(rule.allowedOrigins).toContain("https://api.example.org");
});

it("is a distribution of CloudFront with the certificate, that passes everything on and keeps nothing", () => {
  const { inputs } = stack.find("Distribution");
  expect(inputs.aliases).toEqual(["api.example.org"]);
  expect(inputs.viewerCertificate).toMatchObject({ acmCertificateArn: CERTIFICATE });
  expect(inputs.defaultCacheBehavior).toMatchObject({
    // CloudFront's managed CachingDisabled and AllViewerExceptHostHeader
    cachePolicyId: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    originRequestPolicyId: "b689b0a8-53d0-40ab-baf2-68738e2966ac",
    allowedMethods: expect.arrayContaining(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]),
    viewerProtocolPolicy: "redirect-to-https",
  });
  expect(inputs.customErrorResponses).toContainEqual({ errorCode: 404, errorCachingMinTtl: 0 });
});

it("leaves DNS alone", () => {
  expect(stack.resources.filter(({ type }) => type.startsWith("aws:route53"))).toEqual([]);
});
