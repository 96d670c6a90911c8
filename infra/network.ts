/** The network of GPU machines: they fetch images, messages and files, and accept no connections. */
import { NETWORK } from "./policy/batch.ts";
import { nameOf, type Stage } from "./policy.ts";

export function createNetwork(stage: Stage) {
  const named = (what: string) => ({ tags: { Name: nameOf(stage, what) } });
  const vpc = new aws.ec2.Vpc("GpuNetwork", {
    cidrBlock: NETWORK.cidr,
    enableDnsHostnames: true,
    ...named("gpu"),
  });
  const gateway = new aws.ec2.InternetGateway("GpuGateway", { vpcId: vpc.id, ...named("gpu") });
  const routes = new aws.ec2.RouteTable("GpuRoutes", {
    vpcId: vpc.id,
    routes: [{ cidrBlock: "0.0.0.0/0", gatewayId: gateway.id }],
    ...named("gpu"),
  });
  const { names: zones } = aws.getAvailabilityZonesOutput({
    state: "available",
    // local and Wavelength zones, which an account opts into, sort first and have no such machines
    filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
  });
  const subnets = NETWORK.subnets.map((cidrBlock, at) => {
    const subnet = new aws.ec2.Subnet(`GpuSubnet${at}`, {
      vpcId: vpc.id,
      cidrBlock,
      availabilityZone: zones.apply((all) => all[at % all.length]!),
      mapPublicIpOnLaunch: true,
      ...named(`gpu-${at}`),
    });
    new aws.ec2.RouteTableAssociation(`GpuRoute${at}`, { subnetId: subnet.id, routeTableId: routes.id });
    return subnet.id;
  });
  // photos and clips reach S3 directly, at no cost
  new aws.ec2.VpcEndpoint("GpuToS3", {
    vpcId: vpc.id,
    serviceName: $interpolate`com.amazonaws.${aws.getRegionOutput().region}.s3`,
    vpcEndpointType: "Gateway",
    routeTableIds: [routes.id],
    ...named("gpu-s3"),
  });
  const securityGroup = new aws.ec2.SecurityGroup("GpuMachines", {
    vpcId: vpc.id,
    description: "GPU workers: they call, nobody calls them",
    ingress: [],
    egress: [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["0.0.0.0/0"] }],
    ...named("gpu"),
  });
  return { subnets, securityGroup: securityGroup.id };
}
