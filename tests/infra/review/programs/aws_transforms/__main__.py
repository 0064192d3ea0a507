# mypy: ignore-errors
"""Tags for everything, in the three ways that Pulumi has."""

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions, ResourceTransformArgs, ResourceTransformResult


def tag(args: ResourceTransformArgs):
    if args.type_.startswith("aws:s3/"):
        args.props["tags"] = {**(args.props.get("tags") or {}), "owner": "platform"}
        return ResourceTransformResult(args.props, args.opts)
    return None


def guard(args: ResourceTransformArgs):
    return ResourceTransformResult(
        props=args.props, opts=ResourceOptions.merge(args.opts, ResourceOptions(protect=True))
    )


def legacy(args):
    return pulumi.ResourceTransformationResult(
        props={**args.props, "force_destroy": True}, opts=args.opts
    )


pulumi.runtime.register_resource_transform(tag)
aws.s3.Bucket("plain", tags={"a": "b"})
aws.s3.Bucket("guarded", opts=ResourceOptions(transforms=[guard]))
aws.s3.Bucket("legacy", opts=ResourceOptions(transformations=[legacy]))
