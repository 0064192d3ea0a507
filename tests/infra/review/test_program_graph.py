"""A program's graph: layers that every edge goes through leftwards, in an order that stays."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.resources import Program, Resource
from infra.review.graph import graph
from tests.infra.review.recorder_kit import recorded


def made(needs: dict[str, tuple[str, ...]], **options: object) -> Program:
    return Program(
        project="p",
        stack="s",
        resources=tuple(
            Resource(urn=urn, type="aws:x:Y", name=urn, depends_on=targets)
            for urn, targets in needs.items()
        ),
    )


def test_layers_are_the_longest_way() -> None:
    found = graph(made({"a": (), "b": ("a",), "c": ("a", "b"), "d": ("a",), "e": ()}))
    layers = [[each.name for each in layer] for layer in found.layers]
    assert layers == [["a", "e"], ["b", "d"], ["c"]]


def test_relations_are_told_apart() -> None:
    bucket = Resource(urn="bucket", type="t:t:T", name="bucket")
    group = Resource(urn="group", type="t:t:G", name="group", component=True)
    policy = Resource(
        urn="policy",
        type="t:t:P",
        name="policy",
        parent="group",
        depends_on=("bucket", "group", "elsewhere"),
        references={"policy": ("bucket",), "bucket": ("bucket", "read"), "policy2": ()},
    )
    found = graph(Program(project="p", stack="s", resources=(bucket, group, policy)))
    assert [(each.target, each.kind, each.properties) for each in found.edges] == [
        ("bucket", "reference", ("bucket", "policy")),
        ("group", "dependency", ()),
        ("group", "parent", ()),
    ]
    assert {each.name: each.parent for each in found.nodes}["policy"] == "group"


def test_a_circle_loses_the_relation_that_closes_it() -> None:
    found = graph(made({"a": ("c",), "b": ("a",), "c": ("b",), "d": ("d",)}))
    assert len(found.nodes) == 4
    layers = {each.urn: each.layer for each in found.nodes}
    assert all(layers[each.target] < layers[each.source] for each in found.edges)
    assert len(found.edges) == 2


def test_a_chain_of_thousands_is_no_trouble() -> None:
    names = [f"n{at}" for at in range(3000)]
    chain = {name: tuple(names[at - 1 : at]) if at else () for at, name in enumerate(names)}
    backwards = dict(reversed(chain.items()))
    for needs in (chain, backwards):
        assert max(each.layer for each in graph(made(needs)).nodes) == 2999


@st.composite
def programs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    count = draw(st.integers(0, 12))
    names = [f"n{at}" for at in range(count)]
    return {
        name: tuple(sorted(draw(st.sets(st.sampled_from(names), max_size=3)))) for name in names
    }


@given(programs())
def test_every_edge_goes_leftwards_and_places_are_taken_once(
    needs: dict[str, tuple[str, ...]],
) -> None:
    found = graph(made(needs))
    layers = {each.urn: each.layer for each in found.nodes}
    assert set(layers) == set(needs)
    assert all(layers[each.target] < layers[each.source] for each in found.edges)
    spots = [(each.layer, each.row) for each in found.nodes]
    assert spots == sorted(set(spots))
    assert graph(made(needs)) == found


@given(programs(), st.randoms())
def test_no_edge_of_a_program_that_an_engine_would_take_is_lost(
    needs: dict[str, tuple[str, ...]], chance: random.Random
) -> None:
    order = {name: at for at, name in enumerate(needs)}
    sound = {
        name: tuple(each for each in targets if order[each] < order[name])
        for name, targets in needs.items()
    }
    found = graph(made(sound))
    assert {(each.source, each.target) for each in found.edges} == {
        (name, each) for name, targets in sound.items() for each in targets
    }


@pytest.mark.parametrize("name", ["aws_website", "aws_network"])
def test_graphs_of_programs(name: str) -> None:
    program = recorded(name)
    found = graph(program)
    assert len(found.nodes) == len(program.resources)
    layers = {each.name: each.layer for each in found.nodes}
    expected = {
        "aws_website": {"site": 0, "public": 1, "policy": 2},
        "aws_network": {"vpc": 0, "gateway": 1, "routes": 2, "public-0": 3},
    }[name]
    assert {key: layers[key] for key in expected} == expected
