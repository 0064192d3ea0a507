"""What is different between two manifests: a pure function, checked against simple models."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.registry.format.records import File, Lineage, Manifest, digest, encode
from deployer.registry.viewing.diff import MAX_STEPS, Change, Kinship, compare, kinship

NOTHING = Lineage(parent=None, data=None, commit=None)


def manifest(files: dict[str, str] | None = None, **fields: Any) -> Manifest:
    """Return a manifest of some files, path to content."""
    listed = tuple(
        File(path=path, size=len(body), sha256=digest(body.encode()))
        for path, body in sorted((files or {}).items())
    )
    nothing: dict[str, Any] = {
        "schema": None,
        "metrics": None,
        "lineage": NOTHING,
        "frameworks": {},
        "residency": (),
        "signature": None,
    }
    return Manifest(format=1, files=listed, **nothing | fields)


def files(before: dict[str, str], after: dict[str, str]) -> list[tuple[str, str, str]]:
    return [
        (
            change.kind,
            change.before.path if change.before else "",
            getattr(change.after, "path", ""),
        )
        for change in compare(manifest(before), manifest(after)).files
    ]


class TestFiles:
    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            ({"a": "1"}, {"a": "1"}, []),
            ({"a": "1"}, {"a": "2"}, [("changed", "a", "a")]),
            ({}, {"a": "1"}, [("added", "", "a")]),
            ({"a": "1"}, {}, [("removed", "a", "")]),
            ({"a": "1"}, {"b": "1"}, [("renamed", "a", "b")]),
            (
                {"a": "1", "b": "2"},
                {"a": "2", "b": "1"},
                [("changed",) + ("a",) * 2, ("changed",) + ("b",) * 2],
            ),
            ({"a": "1"}, {"a": "1", "b": "1"}, [("added", "", "b")]),
            (
                {"a": "1", "b": "1"},
                {"c": "1", "d": "1"},
                [("renamed", "a", "c"), ("renamed", "b", "d")],
            ),
            ({"a": "1", "b": "1"}, {"c": "1"}, [("removed", "b", ""), ("renamed", "a", "c")]),
        ],
    )
    def test_each_kind(
        self, before: dict[str, str], after: dict[str, str], expected: list[tuple[str, str, str]]
    ) -> None:
        assert files(before, after) == expected

    trees = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("123"))

    @given(trees, trees)
    def test_what_it_says_leads_from_one_to_the_other(
        self, before: dict[str, str], after: dict[str, str]
    ) -> None:
        bodies = {digest(body.encode()): body for body in "123"}
        tree = dict(before)
        changes = compare(manifest(before), manifest(after)).files
        for change in changes:
            if change.before is not None and change.kind != "changed":
                assert tree.pop(change.before.path) == bodies[change.before.sha256]
        for change in changes:
            if change.after is not None:
                assert (change.after.path in tree) == (change.kind == "changed")
                tree[change.after.path] = bodies[change.after.sha256]
        assert tree == after

    @given(trees, trees)
    def test_the_other_way_round(self, before: dict[str, str], after: dict[str, str]) -> None:
        there = sorted(kind for kind, _, _ in files(before, after))
        swap = {"added": "removed", "removed": "added"}
        assert there == sorted(swap.get(kind, kind) for kind, _, _ in files(after, before))


class TestValues:
    def test_schema_by_the_names_of_its_fields(self) -> None:
        old = {"inputs": [{"name": "year", "dtype": "float32"}, {"name": "sex", "dtype": "string"}]}
        new = {
            "inputs": [{"name": "sex", "dtype": "float32"}, {"name": "mass", "dtype": "float32"}]
        }
        found = compare(manifest(schema=old), manifest(schema=new)).schema
        assert found == (
            Change("inputs.year", "removed", {"name": "year", "dtype": "float32"}, None),
            Change("inputs.sex.dtype", "changed", "string", "float32"),
            Change("inputs.mass", "added", None, {"name": "mass", "dtype": "float32"}),
        )

    def test_the_order_of_named_entries_is_no_difference(self) -> None:
        old = {"inputs": [{"name": "a"}, {"name": "b"}]}
        new = {"inputs": [{"name": "b"}, {"name": "a"}]}
        assert not compare(manifest(schema=old), manifest(schema=new))

    @pytest.mark.parametrize(
        "entries",
        [[{"name": "a"}, {"name": "a"}], [{"name": 1}], [{"name": "a"}, 3], [1, 2], [[1], [2]]],
    )
    def test_other_lists_are_compared_as_they_are(self, entries: list[Any]) -> None:
        found = compare(manifest(schema={"x": entries}), manifest(schema={"x": [*entries, 0]}))
        assert [(change.name, change.kind) for change in found.schema] == [("x", "changed")]

    def test_metrics_with_their_sign(self) -> None:
        old = {"accuracy": 0.5, "loss": 2, "best": True, "classes": [{"label": "a", "f1": 0.25}]}
        new = {"accuracy": 0.75, "loss": 1, "best": False, "classes": [{"label": "a", "f1": 0.5}]}
        found = compare(manifest(metrics=old), manifest(metrics=new)).metrics
        assert [(change.name, change.delta) for change in found] == [
            ("accuracy", 0.25),
            ("loss", -1),
            ("best", None),
            ("classes.a.f1", 0.25),
        ]

    def test_everything_else(self) -> None:
        found = compare(
            manifest(frameworks={"onnx": "1"}),
            manifest(
                frameworks={"onnx": "2", "numpy": "3"},
                residency=("eu",),
                signature="0" * 64,
                lineage=Lineage(parent="1" * 64, data="2" * 64, commit="abc"),
            ),
        )
        assert [change.name for change in found.frameworks] == ["onnx", "numpy"]
        assert {change.name: change.after for change in found.about} == {
            "data": "2" * 64,
            "commit": "abc",
            "residency": ["eu"],
            "signature": True,
        }

    values = st.recursive(
        st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["name", "x", "y"]), inner, max_size=3)
        ),
        max_leaves=8,
    )
    objects = st.dictionaries(st.sampled_from("pqr"), values, max_size=3)

    @given(objects, objects)
    def test_it_is_silent_about_equal_values_alone(
        self, before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        found = compare(manifest(metrics=before), manifest(metrics=after))
        assert compare(manifest(metrics=before), manifest(metrics=before)).metrics == ()
        if not found:
            assert _unordered(before) == _unordered(after)
        for change in found.metrics:
            assert change.kind != "changed" or change.before != change.after


def _unordered(value: Any) -> Any:
    """Return a value in which lists of named entries have no order."""
    if isinstance(value, dict):
        return {key: _unordered(each) for key, each in value.items()}
    if isinstance(value, list):
        listed = [_unordered(each) for each in value]
        return sorted(listed, key=repr) if all(isinstance(e, dict) for e in listed) else listed
    return value


def chain(length: int) -> list[tuple[str, Manifest]]:
    """Return manifests, each the parent of the next."""
    made: list[tuple[str, Manifest]] = []
    for number in range(length):
        parent = made[-1][0] if made else None
        each = manifest(lineage=Lineage(parent=parent, data=None, commit=str(number)))
        made.append((digest(encode(each)), each))
    return made


class TestKinship:
    def test_of_a_chain(self) -> None:
        made = chain(5)
        read = dict(made).get
        assert kinship(read, made[1], made[4]) == Kinship("ancestor", 3)
        assert kinship(read, made[4], made[1]) == Kinship("descendant", 3)
        assert kinship(read, made[2], made[2]) == Kinship("same")

    def test_of_strangers(self) -> None:
        made, other = chain(3), manifest({"a": "1"})
        read = dict(made).get
        assert kinship(read, made[2], (digest(encode(other)), other)) == Kinship("unrelated")

    def test_where_a_parent_is_gone(self) -> None:
        made = chain(6)
        known = dict(made)
        del known[made[3][0]]
        assert kinship(known.get, made[1], made[5]) == Kinship("unknown")

    @pytest.mark.parametrize(("steps", "relation"), [(100, "ancestor"), (101, "unknown")])
    def test_it_looks_no_further_than_100_steps(self, steps: int, relation: str) -> None:
        made = chain(steps + 1)
        known, reads = dict(made), list[str]()

        def read(sha256: str) -> Manifest | None:
            reads.append(sha256)
            return known.get(sha256)

        assert kinship(read, made[0], made[-1]).relation == relation
        assert len(reads) <= MAX_STEPS
