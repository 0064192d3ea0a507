# mypy: ignore-errors
"""One file, no project, all under `if __name__`."""

import pulumi
import pulumi_aws as aws


def build(names):
    queues = {name: aws.sqs.Queue(name, visibility_timeout_seconds=30) for name in names}
    dead = aws.sqs.Queue("dead")
    for name, queue in queues.items():
        aws.sqs.RedrivePolicy(
            name,
            queue_url=queue.id,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 4}
            ),
        )
    return queues


if __name__ == "__main__":
    made = build(["orders", "mails"])
    for name, queue in made.items():
        pulumi.export(f"{name}-url", queue.url)
