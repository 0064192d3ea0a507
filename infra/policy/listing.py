"""Writes the documentation of the policies: ``python -m infra.policy.listing > docs/policies.md``."""

import sys

from infra.policy.catalog import RULES
from infra.policy.model import Rule

__all__ = ["listing"]

_HEAD = """\
# Policies

What `deployer plan` and `deployer review` hold every program against. This page is made from the
code by `python -m infra.policy.listing`.

A finding names the resource, its line in the program and how to mend it. Findings that are high or
critical fail a review (exit code 5). What a cloud will only tell later is taken for granted.
Ids of the same rule elsewhere (Checkov, AWS Security Hub) are given where there are some; where a
rule asks for more or less than they do is told in `tests/infra/policy/test_policy_checkov.py`.

A finding is let pass by a suppression in `deployer.toml`, which needs a reason and an end date:

```toml
[[infra.suppress]]
rule = "DEP008"
resource = "penguins-logs*"   # name or URN of the resource
reason = "The account's trail records every access."
until = "2027-01-31"
```

Suppressed findings are listed in every review. A suppression that has ended lets nothing pass, and
is told as DEP000; one that is not needed is told, too.
"""
_CLOUDS = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure"}
_EVERYWHERE = "Everywhere"


def listing() -> str:
    """Return the page in Markdown."""
    parts = [_HEAD]
    for cloud in (*_CLOUDS.values(), _EVERYWHERE):
        found = [each for each in RULES if _cloud(each) == cloud]
        parts += [f"\n## {cloud}\n", *map(_section, found)]
    return "".join(parts).rstrip("\n") + "\n"


def _cloud(rule: Rule) -> str:
    """Return what a rule is about, as the name of its module begins: ``aws_iam``."""
    module = rule.check.__module__.rpartition(".")[2]
    return _CLOUDS.get(module.partition("_")[0], _EVERYWHERE)


def _section(rule: Rule) -> str:
    public = f" · {', '.join(rule.public)}" if rule.public else ""
    return (
        f"\n### {rule.id}: {rule.title}\n\n{rule.severity.name.capitalize()}{public}\n\n"
        f"{rule.mend}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(listing())
