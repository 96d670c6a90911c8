/** Alarms, the dashboard and the budget. Alarms and the budget publish to one topic, which sends mail. */
import { topicPolicy } from "./policy/roles.ts";
import type { Settings } from "./policy/settings.ts";
import { alarms, budget, dashboard } from "./policy/watch.ts";
import { nameOf, type Stage } from "./policy.ts";

export function createWatch(stage: Stage, settings: Settings) {
  const topic = new aws.sns.Topic("Alarms", { name: nameOf(stage, "alarms") });
  const { accountId } = aws.getCallerIdentityOutput();
  const policy = new aws.sns.TopicPolicy("AlarmsPolicy", {
    arn: topic.arn,
    policy: $resolve({ arn: topic.arn, accountId }).apply((all) => topicPolicy(all.arn, all.accountId)),
  });
  if (settings.alarmEmail) {
    new aws.sns.TopicSubscription("AlarmsByMail", {
      topic: topic.arn,
      protocol: "email",
      endpoint: settings.alarmEmail,
    });
  }
  for (const { what, description, ...alarm } of alarms(stage, settings)) {
    new aws.cloudwatch.MetricAlarm(`Alarm-${what}`, {
      name: nameOf(stage, what),
      alarmDescription: description,
      ...alarm,
      alarmActions: [topic.arn],
      okActions: [topic.arn],
    });
  }
  new aws.cloudwatch.Dashboard("Dashboard", {
    dashboardName: nameOf(stage, "overview"),
    dashboardBody: aws.getRegionOutput().region.apply((region) => dashboard(stage, settings, region)),
  });
  const { notifications, ...limit } = budget(settings);
  new aws.budgets.Budget(
    "Budget",
    {
      name: nameOf(stage, "budget"),
      ...limit,
      notifications: notifications.map((one) => ({ ...one, subscriberSnsTopicArns: [topic.arn] })),
    },
    { dependsOn: policy },
  );
}
