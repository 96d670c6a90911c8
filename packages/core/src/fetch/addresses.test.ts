import { expect, test } from "vitest";
import { includes, networkList, specialAddress } from "./addresses.ts";

test.each([
  ...["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"],
  ...["128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0"],
  ...["198.17.255.255", "198.20.0.0", "223.255.255.255", "52.216.8.44"],
  ...["2606:4700:4700::1111", "2a00:1450:4001:82b::200e", "2400:cb00::1", "2003::1", "2001:4860:4860::8888"],
])("%s is public", (address) => {
  expect(specialAddress(address)).toBe(null);
});

test.each([
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "loopback"],
  ["::1", "loopback"],
  ["169.254.169.254", "a cloud's metadata service"],
  ["fd00:ec2::254", "a cloud's metadata service"],
  ["fd20:ce::254", "a cloud's metadata service"],
  ["168.63.129.16", "a cloud's metadata service"],
  ["169.254.170.2", "link-local"],
  ["fe80::1", "link-local"],
  ["febf::1", "link-local"],
  ["10.0.0.1", "private"],
  ["10.255.255.255", "private"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["192.168.0.1", "private"],
  ["fc00::1", "private"],
  ["fdff::1", "private"],
  ["fec0::1", "private"],
  ["100.64.0.1", "shared by customers of a provider (CGNAT)"],
  ["100.100.100.200", "shared by customers of a provider (CGNAT)"],
  ["100.127.255.255", "shared by customers of a provider (CGNAT)"],
  ["224.0.0.1", "multicast"],
  ["239.255.255.250", "multicast"],
  ["ff02::1", "multicast"],
  ["0.0.0.0", "unspecified"],
  ["0.1.2.3", "unspecified"],
  ["::", "unspecified"],
  ["192.0.0.192", "reserved"],
  ["192.0.2.1", "reserved"],
  ["192.88.99.1", "reserved"],
  ["198.18.0.1", "reserved"],
  ["198.19.255.255", "reserved"],
  ["198.51.100.1", "reserved"],
  ["203.0.113.1", "reserved"],
  ["240.0.0.1", "reserved"],
  ["255.255.255.255", "reserved"],
  ["100::1", "reserved"],
  ["2001:2::1", "reserved"],
  ["2001:20::1", "reserved"],
  ["2001:db8::1", "reserved"],
  ["3fff::1", "reserved"],
  ["4000::1", "reserved"],
  ["5f00::1", "reserved"],
])("%s is not: %s", (address, what) => {
  expect(specialAddress(address)).toBe(what);
});

test.each([
  ["mapped", "::ffff:127.0.0.1"],
  ["mapped, in hex", "::ffff:7f00:1"],
  ["mapped and public", "::ffff:8.8.8.8"],
  ["compatible", "::127.0.0.1"],
  ["translated (SIIT)", "::ffff:0:127.0.0.1"],
  ["NAT64", "64:ff9b::10.0.0.1"],
  ["NAT64 of a network", "64:ff9b:1::10.0.0.1"],
  ["6to4", "2002:7f00:1::1"],
  ["Teredo", "2001:0:7f00:1::1"],
])("an IPv4 address inside an IPv6 one is refused: %s", (_, address) => {
  expect(specialAddress(address)).toBe("an IPv4 address inside an IPv6 one");
});

test("what is not an address is not taken for a public one", () => {
  for (const text of ["", "example.org", "127.1", "0x7f.0.0.1", "fe80::1%eth0x", "[::1]"]) {
    expect(specialAddress(text)).not.toBe(null);
  }
});

test("an IPv4 address is not looked for among IPv6 networks", () => {
  const list = networkList(["::ffff:0:0/96", "10.0.0.0/8"]);
  expect(["8.8.8.8", "10.1.1.1", "::ffff:8.8.8.8"].map((address) => includes(list, address))).toEqual([
    false,
    true,
    true,
  ]);
});
