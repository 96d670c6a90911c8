/** Tags for everything that takes them, also for what SST's components make. */

/** Pulumi's types, as far as this stack has them. What takes no tags is listed, with everything else, in test/infra/stack/. */
const TAGGED = new Set([
  "aws:batch/computeEnvironment:ComputeEnvironment",
  "aws:batch/jobDefinition:JobDefinition",
  "aws:batch/jobQueue:JobQueue",
  "aws:budgets/budget:Budget",
  "aws:cloudwatch/eventRule:EventRule",
  "aws:cloudwatch/logGroup:LogGroup",
  "aws:cloudwatch/metricAlarm:MetricAlarm",
  "aws:ec2/internetGateway:InternetGateway",
  "aws:ec2/launchTemplate:LaunchTemplate",
  "aws:ec2/routeTable:RouteTable",
  "aws:ec2/securityGroup:SecurityGroup",
  "aws:ec2/subnet:Subnet",
  "aws:ec2/vpc:Vpc",
  "aws:ec2/vpcEndpoint:VpcEndpoint",
  "aws:iam/instanceProfile:InstanceProfile",
  "aws:iam/role:Role",
  "aws:lambda/eventSourceMapping:EventSourceMapping",
  "aws:lambda/function:Function",
  "aws:s3/bucket:Bucket",
  "aws:sns/topic:Topic",
  "aws:sqs/queue:Queue",
  "aws:ssm/parameter:Parameter",
]);

export function tagEverything(tags: Record<string, string>): void {
  $util.runtime.registerStackTransformation(({ type, props, opts }) =>
    TAGGED.has(type) ? { props: { ...props, tags: { ...tags, ...props.tags } }, opts } : undefined,
  );
}
