"""Engine events become steps with the properties that change, and never with a secret."""

from typing import Any

from deployer.stacks.steps import HIDDEN, drift_of, step_of

URN = "urn:pulumi:s::p::aws:s3/bucket:Bucket::registry"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "x"}


def event(op: str, old: Any, new: Any, **more: Any) -> Any:
    from pulumi.automation.events import StepEventMetadata

    def state(values: Any) -> Any:
        if values is None:
            return None
        inputs, outputs = values
        return {
            "type": "aws:s3/bucket:Bucket",
            "urn": URN,
            "custom": True,
            "inputs": inputs,
            "outputs": outputs,
            "protect": True,
        }

    told = {
        "op": op,
        "urn": URN,
        "type": "aws:s3/bucket:Bucket",
        "old": state(old),
        "new": state(new),
        **more,
    }
    return StepEventMetadata.from_json(told)


def changes(step: Any) -> dict[str, tuple[Any, Any]]:
    return {each.path: (each.before, each.after) for each in step.changes}


def test_a_detailed_difference_names_nested_properties() -> None:
    old: Any = ({"tags": {"owner": "a", "x": "1"}, "rules": [{"days": 1}]}, {})
    new: Any = ({"tags": {"owner": "b", "x": "1"}, "rules": [{"days": 2}]}, {})
    step = step_of(
        event(
            "update",
            old,
            new,
            detailedDiff={
                "tags.owner": {"diffKind": "update", "inputDiff": True},
                "rules[0].days": {"diffKind": "update-replace", "inputDiff": True},
            },
        )
    )
    assert step is not None
    assert changes(step) == {"tags.owner": ('"a"', '"b"'), "rules[0].days": ("1", "2")}
    assert [each.replaces for each in step.changes] == [True, False]
    assert (step.name, step.protected) == ("registry", True)


def test_without_one_inputs_are_compared_with_what_was_read_back() -> None:
    old: Any = ({"running": True, "__provider": "a"}, {"running": False, "pid": 0})
    new: Any = ({"running": True, "__provider": "b"}, {"running": True})
    step = step_of(event("update", old, new))
    assert step is not None
    assert changes(step) == {"running": ("false", "true")}


def test_secrets_are_hidden_whoever_marks_them() -> None:
    old: Any = ({"password": "hunter2", "env": {"API_KEY": "k-123"}, "marked": SECRET}, {})
    new: Any = ({"password": "hunter3", "env": {"API_KEY": "k-456"}, "marked": {"value": 1}}, {})
    step = step_of(event("update", old, new))
    assert step is not None
    assert "hunter" not in str(step)
    assert "k-123" not in str(step)
    assert changes(step)["marked"][0] == f'"{HIDDEN}"'


def test_what_changes_nothing_is_no_step_and_drift_is() -> None:
    assert step_of(event("same", ({}, {}), ({}, {}))) is None
    assert drift_of(event("refresh", ({}, {"a": 1}), ({}, {"a": 1}))) is None
    step = drift_of(event("refresh", ({}, {"a": 1}), ({}, {"a": 2})))
    assert step is not None
    assert changes(step) == {"a": ("1", "2")}
    gone = drift_of(event("refresh", ({}, {"a": 1}), None))
    assert gone is not None
    assert gone.op == "delete"
