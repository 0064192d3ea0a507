"""The life of an endpoint, with the real engine, our real programs and a simulated cloud."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deployer.errors import CloudError, CredentialsError, DeployerError, PolicyError
from deployer.stacks import acts
from deployer.stacks.acts import Target
from deployer.stacks.outcome import Outcome
from deployer.stacks.together import together
from infra.configuration import Cloud
from infra.contract import OUTPUTS
from infra.simulated.drift import change
from tests.infra.engine.life_kit import CLOUDS, Life, life, needed, unprotected

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Course(NamedTuple):
    """What goes wrong on a cloud, and what somebody else changes there.

    Attributes:
        lost: type that is made after the server, and whose names are made up.
        bucket: type that holds the models.
        refuses: whether the cloud itself keeps a bucket that is not empty.
        server: type of what answers requests.
        sized: path of its memory.
        owner: path of the bucket's tag.
        removed: type of something that is there once.

    """

    lost: str
    bucket: str
    refuses: bool
    server: str
    sized: str
    owner: str
    removed: str


COURSES: dict[Cloud, Course] = {
    "aws": Course(
        lost="aws:lambda/permission:Permission",
        bucket="aws:s3/bucket:Bucket",
        refuses=True,
        server="aws:lambda/function:Function",
        sized="memorySize",
        owner="tags.owner",
        removed="aws:s3/bucketLogging:BucketLogging",
    ),
    "gcp": Course(
        lost="gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig",
        bucket="gcp:storage/bucket:Bucket",
        refuses=True,
        server="gcp:cloudrunv2/service:Service",
        sized="template.containers[0].resources.limits.memory",
        owner="labels.owner",
        removed="gcp:secretmanager/secretIamMember:SecretIamMember",
    ),
    "azure": Course(
        lost="azure-native:monitor:MetricAlert",
        bucket="azure-native:storage:StorageAccount",
        refuses=False,  # an account goes with all that is in it: only `protect` and `down` keep it
        server="azure-native:app:ContainerApp",
        sized="template.containers[0].resources.memory",
        owner="tags.owner",
        removed="azure-native:storage:ManagementPolicy",
    ),
}


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Life]:
    needed("pulumi")
    with life(tmp_path) as made:
        yield made


def fails(kind: type[DeployerError], act: Callable[..., Outcome], *told: Any, **more: Any) -> str:
    with pytest.raises(kind) as caught:
        act(*told, **more)
    said = f"{caught.value} {caught.value.hint}"
    assert "Traceback" not in said
    assert "\n" not in str(caught.value)
    return said


@pytest.mark.parametrize("cloud", CLOUDS)
def test_failures_in_the_middle_and_up_again(there: Life, cloud: Cloud) -> None:
    course, target = COURSES[cloud], there.target(cloud)
    server = {"op": "create", "type": course.server, "name": "*server*"}
    met = 0
    for error, kind in (
        ("quota", CloudError),
        ("503", CloudError),
        ("credentials", CredentialsError),
    ):
        there.faults({**server, "error": error})
        fails(kind, acts.up, there.engine, target)
        assert len(there.cloud().things) >= met
        met = len(there.cloud().things)
    assert met
    there.faults({"op": "create", "type": course.lost, "error": "503", "after": True})
    fails(CloudError, acts.up, there.engine, target)
    assert acts.up(there.engine, target).steps
    state = acts.export(there.engine, target)
    known = {each["id"] for each in state["resources"] if each.get("id")}
    orphans = [each.type for each in there.cloud().things.values() if each.id not in known]
    # Nothing can know what was made when nobody heard of it: one is there twice.
    assert orphans == [course.lost]
    again = acts.preview(there.engine, target)
    assert not again.steps
    assert not again.pending


def test_a_lost_answer_about_a_name_that_we_chose_is_told_again(there: Life) -> None:
    # The bucket is there, and the state does not know it: only its owner can decide whose it is.
    target, course = there.target("aws"), COURSES["aws"]
    there.faults({"op": "create", "error": "503", "type": course.bucket, "after": True})
    fails(CloudError, acts.up, there.engine, target)
    assert len(there.things(course.bucket)) >= 1
    said = fails(DeployerError, acts.up, there.engine, target)
    assert "AlreadyExists" in said
    assert "penguin-models" in said
    change(there.state, type=course.bucket, delete=True)
    acts.refresh(there.engine, target)
    acts.up(there.engine, target)
    assert len(there.things(course.bucket)) == 2


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_whole_life(there: Life, cloud: Cloud) -> None:
    course, target = COURSES[cloud], there.target(cloud)
    first = acts.up(there.engine, target)
    assert {each.op for each in first.steps} == {"create"}
    assert set(first.outputs) == set(OUTPUTS)
    assert str(first.outputs["url"]).startswith("https://")
    assert first.outputs["identity"]
    assert not first.warnings

    same = acts.preview(there.engine, target)
    assert same.steps == ()
    assert same.same >= len(first.steps)

    bigger = there.target(cloud, memory=4096)
    seen = acts.preview(there.engine, bigger)
    (step,) = [each for each in seen.steps if each.type == course.server and each.changes]
    assert step.op == "update"
    changed = {each.path: (each.before, each.after) for each in step.changes}
    before, after = changed[course.sized]
    assert before is not None
    assert after is not None
    assert "2" in before
    assert "4" in after
    done = acts.up(there.engine, bigger)
    assert {each.urn for each in done.steps} == {each.urn for each in seen.steps}

    change(there.state, type=course.bucket, name="*models*", put=[(course.owner, "somebody")])
    change(there.state, type=course.removed, delete=True)
    # The engine sees nothing before it looks.
    assert acts.preview(there.engine, bigger).steps == ()
    met = acts.refresh(there.engine, bigger)
    assert {each.type: each.op for each in met.steps} == {
        course.bucket: "update",
        course.removed: "delete",
    }
    mend = {each.type: each for each in acts.up(there.engine, bigger).steps}
    assert {type_: each.op for type_, each in mend.items()} == {
        course.bucket: "update",
        course.removed: "create",
    }
    found = [(each.path, each.after) for each in mend[course.bucket].changes]
    assert found == [(course.owner, '"ml-team"')]

    fails(PolicyError, acts.down, there.engine, bigger)
    assert there.things(course.bucket)
    change(there.state, type=course.bucket, name="*models*", objects=3)
    free = unprotected(there, bigger)
    assert free
    if course.refuses:
        assert "mpty" in fails(DeployerError, acts.down, there.engine, bigger, unprotect=free)
        assert there.things(course.bucket)
        change(there.state, type=course.bucket, name="*models*", objects=0)
    acts.down(there.engine, bigger, unprotect=unprotected(there, bigger))
    assert not there.cloud().things


def test_all_three_together(there: Life) -> None:
    targets = [there.target(cloud) for cloud in CLOUDS]

    def all_of(act: Callable[[Target], Outcome]) -> dict[str, Outcome]:
        found = together(there.engine, targets, act, say=lambda _: None)
        for each in found.values():
            if isinstance(each, DeployerError):
                raise each
        return found  # type: ignore[return-value] # none of them is an error

    there.faults({"op": "create", "error": "503", "type": COURSES["gcp"].server})
    results = together(
        there.engine, targets, lambda t: acts.up(there.engine, t), say=lambda _: None
    )
    assert isinstance(results["gcp"], CloudError)
    assert not isinstance(results["aws"], DeployerError)
    assert not isinstance(results["azure"], DeployerError)
    made = all_of(lambda target: acts.up(there.engine, target))
    assert made["gcp"].steps
    assert not made["aws"].steps
    assert {len(each.outputs) for each in made.values()} == {len(OUTPUTS)}
    assert not any(each.steps for each in all_of(lambda t: acts.preview(there.engine, t)).values())
    all_of(lambda t: acts.down(there.engine, t, unprotect=unprotected(there, t)))
    assert not there.cloud().things


def test_the_engine_refuses_what_the_policies_refuse(
    there: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The model is bound to the EU; the endpoint is to be made in the United States.
    monkeypatch.setenv("DEPLOYER_POLICY", '{"demands": {"residency": ["EU"]}}')
    assert acts.preview(there.policed(), there.target("aws")).steps
    abroad = there.target("aws", region="us-east-1")
    assert "DEP036" in fails(PolicyError, acts.preview, there.policed(), abroad)
    assert not there.cloud().things


def test_nothing_is_made_of_what_the_policies_refuse(there: Life) -> None:
    # Of itself `up` would hold a stack against its policies when everything is made.
    abroad = there.target("gcp", region="us-central1")
    bound = replace(abroad, policy='{"demands": {"residency": ["EU"]}}')
    said = fails(PolicyError, acts.up, there.policed(), bound)
    assert "DEP036 refuses penguins-" in said
    assert "what was made is kept" not in said
    assert not there.cloud().things
    said = fails(PolicyError, acts.up, there.policed(), bound, judged=True)
    assert "what was made is kept" in said
    assert there.cloud().things
