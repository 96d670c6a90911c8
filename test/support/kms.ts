/** AWS KMS on loopback: one key for ECDSA on P-256 that signs the hashes it is sent. */
import { createPrivateKey, type JsonWebKey } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { p256 } from "@noble/curves/nist";

type Asked = { KeyId: string; Message: string; MessageType: string; SigningAlgorithm: string };

/** `keyId`: the only one that is known. `key`: PEM. */
export async function openKms({ keyId, key }: { keyId: string; key: string }) {
  const { d } = createPrivateKey(key).export({ format: "jwk" }) as JsonWebKey & { d: string };
  const asked: Asked[] = [];
  const answer = async (request: IncomingMessage, reply: ServerResponse) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString()) as Asked;
    const send = (status: number, content: object) =>
      reply.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(content));
    const digest = Buffer.from(body.Message, "base64");
    const isWanted = body.MessageType === "DIGEST" && body.SigningAlgorithm === "ECDSA_SHA_256" && digest.length === 32;
    if (request.headers["x-amz-target"] !== "TrentService.Sign" || !isWanted) {
      return send(400, { __type: "ValidationException", message: "Only hashes are signed here." });
    }
    asked.push(body);
    if (body.KeyId !== keyId)
      return send(400, { __type: "NotFoundException", message: `Key '${body.KeyId}' does not exist` });
    const signature = p256.sign(digest, Buffer.from(d, "base64url"), { prehash: false, lowS: false });
    send(200, { KeyId: keyId, Signature: Buffer.from(signature.toBytes("der")).toString("base64") });
  };
  const server = createServer((request, reply) => void answer(request, reply));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
