"""What a value that only a cloud knows looks like, by its name: an ARN, a URL, an address.

``{}`` is where the mark goes. The shapes need only be good enough for programs that take such
values apart; they are never shown.
"""

import re

__all__ = ["ACCOUNT", "CLIENT", "PROJECT", "SUBSCRIPTION", "TENANT", "identifier", "shape"]

ACCOUNT = "123456789012"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"
CLIENT = "00000000-0000-0000-0000-000000000003"
PROJECT = "project"

_HOSTS = ("fqdn", "hostname", "dnsname", "domainname", "endpoint", "address", "host", "loginserver")
_LINKS = ("url", "uri", "website", "webendpoint", "issuer")


def shape(type_: str, name: str, *, region: str, resource: str = "") -> str:
    """Return the shape of a property of a resource.

    Args:
        type_: the resource's type token.
        name: the property's.
        region: where the program makes it; "" if it does not say.
        resource: the resource's name in the program, "" within an object.

    """
    package, module, kind = split(type_)
    lower = name.lower()
    region = region or "eu-central-1"
    if lower.endswith(("arn", "arns")):
        if module == "s3":
            return "arn:aws:s3:::{}"
        return f"arn:aws:{module}:{region}:{ACCOUNT}:{kind.lower()}/{{}}"
    if lower == "repositoryurl":
        return f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/{{}}"
    if lower == "selflink":
        return f"https://www.googleapis.com/{module}/v1/projects/{PROJECT}/{kind.lower()}s/{{}}"
    if lower == "member":
        return "serviceAccount:{}@project.iam.gserviceaccount.com"
    if lower.endswith("email"):
        return "{}@project.iam.gserviceaccount.com"
    if lower.endswith(_LINKS):
        return "https://{}.example.invalid"
    if package == "azure-native" and lower in {"blob", "queue", "table", "file", "dfs", "web"}:
        return f"https://{{}}.{lower}.core.windows.net/"
    if lower.endswith(_HOSTS):
        return "{}.example.invalid"
    if lower == "name" and resource:
        return f"{_plain(resource)}-{{}}"
    return "{}"


def identifier(type_: str, name: str, *, region: str) -> str:
    """Return the shape of a resource's id."""
    package, module, kind = split(type_)
    if package == "azure-native":
        return (
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group/providers/"
            f"Microsoft.{module.capitalize()}/{kind[:1].lower()}{kind[1:]}s/{_plain(name)}-{{}}"
        )
    if package == "gcp":
        place = region or "global"
        return f"projects/{PROJECT}/locations/{place}/{kind[:1].lower()}{kind[1:]}s/{{}}"
    return f"{_plain(name)}-{{}}"


def split(type_: str) -> tuple[str, str, str]:
    """Return package, module and kind of a token such as ``aws:s3/bucket:Bucket``."""
    package, _, rest = type_.partition(":")
    module, _, kind = rest.rpartition(":")
    return package, module.partition("/")[0], kind


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", name)
