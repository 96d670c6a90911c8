/**
 * Which addresses of the internet a server may be sent to by a stranger: those of the public internet, and no others. IPv4: all
 * but IANA's special-purpose registry. IPv6: only 2000::/3, what is routed at all, without what maps to IPv4 or has a special
 * purpose there.
 * Sources: https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry, …/ipv6-address-space.
 */
import { BlockList, isIP } from "node:net";

/** What is said of an address that is not public, and the networks it is said of. The first that matches counts. */
const SPECIAL: readonly (readonly [what: string, networks: readonly string[]])[] = [
  ["loopback", ["127.0.0.0/8", "::1/128"]],
  ["a cloud's metadata service", ["169.254.169.254/32", "fd00:ec2::254/128", "fd20:ce::254/128", "168.63.129.16/32"]],
  ["link-local", ["169.254.0.0/16", "fe80::/10"]],
  ["private", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"]],
  ["shared by customers of a provider (CGNAT)", ["100.64.0.0/10"]],
  ["multicast", ["224.0.0.0/4", "ff00::/8"]],
  ["unspecified", ["0.0.0.0/8", "::/128"]],
  // the IPv4 address inside may be anything, and a translator on the way does not ask
  [
    "an IPv4 address inside an IPv6 one",
    ["::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"],
  ],
  ["an IPv4 address inside an IPv6 one", ["2002::/16", "2001::/32"]],
  ["reserved", ["192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"]],
  ["reserved", ["192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"]],
  ["reserved", ["2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20"]],
];

const lists = SPECIAL.map(([what, networks]) => ({ what, list: networkList(networks) }));
const routed = networkList(["2000::/3"]);

/** Networks by family: a BlockList with both would take an IPv4 address for the IPv6 one that it is mapped to. */
export type NetworkList = { ipv4: BlockList; ipv6: BlockList };

/** Networks in CIDR notation, to be looked up by `includes`. Throws for what is not one. */
export function networkList(networks: readonly string[]): NetworkList {
  const list: NetworkList = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const network of networks) {
    const [base = "", bits = ""] = network.split("/");
    const family = familyOf(base);
    list[family].addSubnet(base, Number(bits), family);
  }
  return list;
}

export function includes(list: NetworkList, address: string): boolean {
  const family = familyOf(address);
  return list[family].check(address, family);
}

/** What an address is when it is not public, such as `private`; null for one that is. `address`: without brackets or zone. */
export function specialAddress(address: string): string | null {
  const version = isIP(address);
  if (version === 0) return "not an address";
  const found = lists.find(({ list }) => includes(list, address));
  if (found) return found.what;
  return version === 6 && !includes(routed, address) ? "reserved" : null;
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}
