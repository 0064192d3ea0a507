"""The engine itself holds stacks against the policies, with the user's demands and suppressions."""

from pathlib import Path

import pytest

from tests.deployer.stacks.simulated_kit import desk
from tests.deployer.stacks.stacks_kit import needs_engine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ABROAD = 'region = "us-central1"\n'
PARDON = """
[[infra.suppress]]
rule = "DEP036"
resource = "*"
reason = "agreed for the pilot"
until = "2999-01-01"
[[infra.suppress]]
rule = "RES001"
resource = "*"
reason = "agreed for the pilot"
until = "2999-01-01"
"""


def test_preview_refuses_what_a_policy_refuses_and_passes_what_is_let_pass(tmp_path: Path) -> None:
    needs_engine()
    here = desk(tmp_path)
    here.write(["gcp"])
    toml = here.folder / "deployer.toml"
    home = toml.read_text()
    abroad = home.replace('region = "europe-west3"\n', ABROAD)
    assert abroad != home

    toml.write_text(abroad)
    refused = here.run("preview", code=5).stderr.strip().splitlines()
    (said,) = [line for line in refused if line.startswith("error:")]
    assert "DEP036 refuses penguins-images: it is in us-central1 (us), and bound to EU" in said
    assert "also: DEP036 penguins-server" in said
    (hint,) = [line for line in refused if "[[infra.suppress]]" in line]
    assert "Move the resource" in hint

    # The same through the offline review, before any engine is asked; nothing was made by either.
    assert "DEP036" in here.run("up", "--yes", code=5).stderr
    assert not here.state.exists() or not here.things()
    assert here.audit[-1]["outcome"] == "refused"

    toml.write_text(abroad + PARDON)
    passed = here.run("preview", "-o", "json")
    assert "DEP036" not in passed.stdout
    assert '"create"' in passed.stdout

    toml.write_text(home + '[infra.demands]\ntags = ["costcenter"]\n')
    advised = here.run("preview").stderr
    assert (
        "warning: gcp: DEP035: it does not say its costcenter (labels); penguins-images" in advised
    )
    # Suppressions of other clouds' resources are not this stack's business.
    assert "DEP000" not in advised
