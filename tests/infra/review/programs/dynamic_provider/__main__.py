# mypy: ignore-errors
"""A resource of the program's own making."""

import urllib.request

import pulumi
import pulumi_aws as aws
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class PageProvider(ResourceProvider):
    def create(self, props):
        with urllib.request.urlopen(props["url"]) as page:
            return CreateResult(id_=props["url"], outs={**props, "body": page.read().decode()})


class Page(Resource):
    body: pulumi.Output[str]

    def __init__(self, name, url, opts=None):
        super().__init__(PageProvider(), name, {"url": url, "body": None}, opts)


page = Page("page", url="https://example.com")
aws.ssm.Parameter("body", type="String", value=page.body)
pulumi.export("length", page.body.apply(len))
