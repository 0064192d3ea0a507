# mypy: ignore-errors
"""Drives a stack by itself."""

import pulumi
from pulumi import automation as auto
from pulumi_aws import s3


def program():
    pulumi.export("bucket", s3.Bucket("bucket").id)


stack = auto.create_or_select_stack(stack_name="dev", project_name="inline", program=program)
stack.up(on_output=print)
