/** From a host to the addresses that may be connected to: each was checked, and no other is asked for afterwards. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { includes, networkList, specialAddress } from "./addresses.ts";
import { transportFault } from "./faults.ts";
import { bareHost, type FetchPolicy, hostOf, isAllowed, refusedAddress } from "./target.ts";

export type Address = { address: string; family: number };
/** Throws what `dns.lookup` throws. */
export type Lookup = (name: string) => Promise<Address[]>;

export const systemLookup: Lookup = (name) => lookup(name, { all: true });

/**
 * The public addresses of a host, at least one; all addresses of one that the policy allows. A name is asked for once. Throws
 * `fetch_refused`, and `fetch_failed` or `fetch_unavailable` for a name that has none.
 */
export async function addressesOf(url: URL, policy: FetchPolicy, look: Lookup): Promise<Address[]> {
  const name = bareHost(url);
  const version = isIP(name);
  const found =
    version === 0
      ? await look(name).catch((error: unknown) => {
          throw transportFault(hostOf(url), error);
        })
      : [{ address: name, family: version }];
  if (found.length === 0) throw transportFault(hostOf(url), Object.assign(new Error("none"), { code: "ENODATA" }));
  if (isAllowed(url, policy)) return found;
  const whats = found.map(({ address }) => specialAddress(address) ?? ownNetwork(address));
  const open = found.filter((_, n) => whats[n] === null);
  if (open.length === 0) throw refusedAddress(hostOf(url), whats[0]!, policy);
  return open;
}

/** This machine may have public addresses, and neighbours with public IPv6 ones, that a firewall keeps from strangers. */
function ownNetwork(address: string): string | null {
  const own = Object.values(interfaces()).flatMap((list) => list ?? []);
  const networks = own.map((each) => (each.family === "IPv6" ? `${each.address}/64` : `${each.address}/32`));
  return includes(networkList(networks), address) ? "this server itself" : null;
}

/** Some containers do not let a process see them. */
function interfaces(): ReturnType<typeof networkInterfaces> {
  try {
    return networkInterfaces();
  } catch {
    return {};
  }
}
