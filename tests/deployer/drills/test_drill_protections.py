"""A drill that cannot fail is worth nothing: each protection, switched off, makes one fail."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.deployer.drills.drill_kit import drill, left_behind
from tests.deployer.drills.sabotage_kit import sabotage

pytestmark = pytest.mark.slow


class Broken(NamedTuple):
    """A protection that is switched off, the drill that must notice, and what it must say."""

    patches: Mapping[str, str]
    drill: str
    said: str


PROTECTIONS = {
    "verification-on-read": Broken(
        {
            "providers.store": "Store._verified = lambda self, key, chunks, expected: chunks",
            "providers.download": (
                "import dataclasses\n_run = Download.run\n"
                "Download.run = lambda self: _run(dataclasses.replace(self, expected=None))"
            ),
        },
        "bit-flip",
        "--from aws --no-cache ends with 11",
    ),
    "retry-budget-of-the-router": Broken(
        {
            "infra.router.envoy_route": (
                "_policy = _retry_policy\n"
                "def _retry_policy(*given):\n    return {**_policy(*given), 'num_retries': 0}"
            )
        },
        "green-but-broken",
        "Failed requests",
    ),
    "retries-of-stores": Broken(
        {"providers.retry": "Retry.again = lambda self, error, tries: False"},
        "slow-down-storm",
        "ends with 0",
    ),
    "signature-check": Broken(
        {
            "deployer.registry.reading.trust": (
                "def _check_record_signature(*given, **named): return None\n"
                "def _check_signature(*given, **named): return None"
            )
        },
        "poisoned-model",
        "ends with 11",
    ),
    "fencing": Broken(
        {"deployer.registry.homes.markers": "def lost_home(*given): return False"},
        "home-lost",
        "push",
    ),
    "conditional-writes": Broken(
        {
            "providers.store": (
                "_put = Store.put\n"
                "def put(self, key, body, *, mode, **named):\n"
                "    return _put(self, key, body, mode='overwrite', **named)\n"
                "Store.put = put"
            ),
            "providers.preconditions": (
                "def verify_preconditions(store): return Preconditions(True, True, True)"
            ),
        },
        "lost-response",
        "two publishers at once get a version each",
    ),
    "golden-readiness": Broken(
        {
            "deployer.routing.acceptance": (
                "def digests_of(*given): return ()\ndef _is_proven(*given, **named): return True"
            )
        },
        "wrong-digest",
        "Failed requests",
    ),
    "server-clock": Broken(
        {
            "deployer.upkeep.garbage.collect": "def server_time(cloud): return now()",
            "deployer.registry.publishing.sweeps": (
                "def _is_over(found, at): return found.modified + LEASE <= now()"
            ),
        },
        "clock-skew",
        "waits",
    ),
    "resume": Broken(
        {
            "deployer.registry.publishing.journal": "PublishJournal.load = lambda self: None",
            "providers.journal": "Entry.load = lambda self: {}",
        },
        "credentials-expire",
        "",
    ),
}


@pytest.mark.parametrize("name", PROTECTIONS)
def test_without_it_a_drill_fails(name: str, tmp_path: Path) -> None:
    broken = PROTECTIONS[name]
    done = drill(
        broken.drill,
        folder=tmp_path,
        environment=sabotage(tmp_path / "sabotage", broken.patches),
    )
    assert done.code in {1, 12}, done.stdout[-3000:]
    assert not done.report["passed"]
    findings = [each["text"] for each in done.report["findings"]]
    assert any(broken.said in each for each in findings), findings
    assert left_behind(tmp_path) == []
