"""Rules and evidence to verdicts: each rule by itself, what the words say, and what holds always."""

import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.gate.judge import Comparison, Evidence, judge
from deployer.gate.rules import Bound, Rules
from deployer.gate.verdict import (
    MAX_BYTES,
    Compared,
    RuleOutcome,
    Verdict,
    read_verdict,
    to_document,
    unjudged,
)
from deployer.packaging.documents import ClassMetrics, Metrics, Score
from deployer.registry.format.records import AliasRecord, decode, encode
from deployer.settings import ChampionRule

DIGEST = "ab" * 32


def score(value: float | None, low: float | None = None, high: float | None = None) -> Score:
    return Score(value=value, low=low, high=high)


def of_class(
    label: str, recall: float, low: float | None = None, support: int = 10
) -> ClassMetrics:
    return ClassMetrics(
        label=label, support=support, precision=1.0, recall=recall, f1=1.0, recall_low=low
    )


def metrics(scores: Mapping[str, Score], *classes: ClassMetrics) -> Metrics:
    return Metrics(
        rows=20, confidence=0.95, resamples=1000, scores=dict(scores), classes=classes, confusion=()
    )


def compared(value: float, low: float, high: float) -> Comparison:
    return Comparison(
        found=Compared(
            version=2, manifest=DIGEST, metric="accuracy", value=value, low=low, high=high,
            confidence=0.95,
        )
    )  # fmt: skip


def one(rules: Rules, evidence: Evidence) -> RuleOutcome:
    verdict = judge(rules, evidence)
    (outcome,) = verdict.rules
    assert verdict.passed == outcome.passed
    return outcome


class TestBounds:
    @pytest.mark.parametrize(
        ("value", "passed"),
        [(0.9, True), (0.95, True), (math.nextafter(0.9, 0), False), (0, False)],
    )
    def test_at_least(self, value: float, passed: bool) -> None:
        rules = Rules(bounds=(Bound("accuracy", "min", 0.9),))
        assert one(rules, Evidence(metrics({"accuracy": score(value)}))).passed is passed

    @pytest.mark.parametrize(
        ("value", "passed"), [(0.9, True), (0.5, True), (math.nextafter(0.9, 1), False)]
    )
    def test_at_most(self, value: float, passed: bool) -> None:
        rules = Rules(bounds=(Bound("log_loss", "max", 0.9),))
        assert one(rules, Evidence(metrics({"log_loss": score(value)}))).passed is passed

    def test_the_worse_end_of_the_interval(self) -> None:
        seen = Evidence(
            metrics({"accuracy": score(0.95, 0.85, 0.99), "brier": score(0.1, 0.05, 0.3)})
        )
        least, most = Bound("accuracy", "min", 0.9), Bound("brier", "max", 0.2)
        assert one(Rules(bounds=(least,)), seen).passed
        assert one(Rules(bounds=(most,)), seen).passed
        low = one(Rules(bounds=(least,), use="low"), seen)
        assert (low.passed, low.seen) == (False, "0.85, the value being 0.95")
        assert not one(Rules(bounds=(most,), use="low"), seen).passed

    def test_what_is_not_known_fails(self) -> None:
        rules = Rules(bounds=(Bound("accuracy", "min", 0.0),))
        assert "records no metrics" in one(rules, Evidence(None)).seen
        assert "not recorded" in one(rules, Evidence(metrics({}))).seen
        assert "not defined" in one(rules, Evidence(metrics({"accuracy": score(None)}))).seen
        bare = Evidence(metrics({"accuracy": score(1.0)}))
        low = one(Rules(bounds=rules.bounds, use="low"), bare)
        assert (low.passed, low.seen) == (False, "no interval is known")
        binary = Rules(bounds=(Bound("roc_auc", "min", 0.5),))
        assert "two classes" in one(binary, bare).seen

    def test_the_words_tell_the_number_from_the_limit(self) -> None:
        rules = Rules(bounds=(Bound("accuracy", "min", 0.9),))
        for value in (0.8999999, math.nextafter(0.9, 0)):
            seen = one(rules, Evidence(metrics({"accuracy": score(value)}))).seen
            assert 0.89 < float(seen) < 0.9


class TestRecall:
    classes = (of_class("a", 0.9, 0.8), of_class("b", 0.6, 0.4), of_class("c", 0.5, 0.3))

    def seen(self, *classes: ClassMetrics) -> Evidence:
        return Evidence(metrics({}, *(classes or self.classes)))

    def test_of_every_class(self) -> None:
        assert one(Rules(recall=0.5), self.seen()).passed
        worst = one(Rules(recall=0.7), self.seen())
        assert (worst.passed, worst.seen) == (False, "0.5 (c, and 1 more below)")

    def test_low(self) -> None:
        assert one(Rules(recall=0.3, use="low"), self.seen()).passed
        assert not one(Rules(recall=0.31, use="low"), self.seen()).passed
        assert "interval" in one(Rules(recall=0.1, use="low"), self.seen(of_class("a", 1))).seen

    def test_a_class_with_a_floor_of_its_own(self) -> None:
        verdict = judge(Rules(recall=0.6, class_recall={"c": 0.5, "a": 0.95}), self.seen())
        assert [(each.name, each.passed) for each in verdict.rules] == [
            ("recall of every other class", True),
            ("recall of a", False),
            ("recall of c", True),
        ]

    def test_every_class_has_one_of_its_own(self) -> None:
        verdict = judge(Rules(recall=0.9, class_recall={"a": 0.9}), self.seen(of_class("a", 0.95)))
        assert [(each.name, each.passed) for each in verdict.rules] == [("recall of a", True)]

    def test_a_class_that_the_model_does_not_know(self) -> None:
        outcome = one(Rules(class_recall={"Adelei": 0.1}), self.seen())
        assert (outcome.passed, outcome.seen) == (
            False,
            "the model is not known to have such a class",
        )

    def test_a_class_without_rows(self) -> None:
        without = (*self.classes, of_class("d", 0.0, support=0))
        outcome = one(Rules(recall=0.1), self.seen(*without))
        assert (outcome.passed, outcome.seen) == (False, "no row of d")
        assert one(Rules(recall=0.0), self.seen(*without)).passed

    def test_without_metrics(self) -> None:
        assert not judge(Rules(recall=0.0), Evidence(None)).passed
        assert not judge(Rules(class_recall={"a": 0.0}), Evidence(None)).passed
        assert not judge(Rules(recall=0.1, class_recall={"a": 0.0}), Evidence(None)).passed


class TestChampion:
    rules = Rules(champion=ChampionRule("accuracy", 0.02, 0.95))

    @pytest.mark.parametrize(
        ("low", "passed"), [(0.0, True), (-0.02, True), (-0.0200001, False), (0.1, True)]
    )
    def test_the_whole_interval_counts(self, low: float, passed: bool) -> None:
        outcome = one(self.rules, Evidence(None, compared(0.05, low, 0.2)))
        assert outcome.passed is passed
        assert "+0.05 against version 2" in outcome.seen

    def test_equal_answers_pass_without_a_margin(self) -> None:
        rules = Rules(champion=ChampionRule("accuracy"))
        assert one(rules, Evidence(None, compared(0.0, 0.0, 0.0))).passed
        assert not one(rules, Evidence(None, compared(0.01, -0.001, 0.02))).passed

    def test_nobody_to_compare_with(self) -> None:
        outcome = one(self.rules, Evidence(None, Comparison(nobody="no champion yet")))
        assert (outcome.passed, outcome.seen) == (True, "no champion yet")

    def test_one_that_cannot_be_asked(self) -> None:
        outcome = one(self.rules, Evidence(None, Comparison(problem="of an older format")))
        assert (outcome.passed, outcome.seen) == (False, "of an older format")
        assert not one(self.rules, Evidence(None)).passed


unit = st.floats(0, 1)
LABELS = ("a", "b", "c")
MORE = ("accuracy", "f1_macro", "matthews")
LESS = ("log_loss", "calibration_error")


@st.composite
def intervals(draw: st.DrawFn) -> Score:
    low, value, high = sorted([draw(unit), draw(unit), draw(unit)])
    return score(value, low, high)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Rules, Evidence]:
    names = draw(st.sets(st.sampled_from((*MORE, *LESS))))
    bounds = [Bound(n, "min" if n in MORE else "max", draw(unit)) for n in sorted(names)]
    rules = Rules(
        bounds=tuple(bounds),
        recall=draw(st.none() | unit),
        class_recall=draw(st.none() | st.dictionaries(st.sampled_from(LABELS), unit)),
        champion=draw(st.none() | st.builds(ChampionRule, st.just("accuracy"), unit)),
        use=draw(st.sampled_from(["value", "low"])),
    )
    scores = {name: draw(intervals()) for name in (*MORE, *LESS)}
    classes = []
    for label in LABELS:
        each = draw(intervals())
        assert each.value is not None
        classes.append(of_class(label, each.value, each.low))
    low, value, high = sorted(draw(st.tuples(*[st.floats(-1, 1)] * 3)))
    return rules, Evidence(metrics(scores, *classes), compared(value, low, high))


def better(evidence: Evidence, by: float) -> Evidence:
    """Return the same with every number at least as good."""
    assert evidence.metrics is not None
    assert evidence.comparison.found is not None

    def up(number: float | None) -> float | None:
        return None if number is None else min(1.0, number + by)

    def down(number: float | None) -> float | None:
        return None if number is None else max(0.0, number - by)

    scores = {
        name: score(*((up if name in MORE else down)(n) for n in (s.value, s.low, s.high)))
        for name, s in evidence.metrics.scores.items()
    }
    classes = [
        of_class(each.label, min(1.0, each.recall + by), up(each.recall_low))
        for each in evidence.metrics.classes
    ]
    found = evidence.comparison.found
    return Evidence(
        metrics(scores, *classes), compared(found.value + by, found.low + by, found.high + by)
    )


class TestAlways:
    @settings(deadline=None, max_examples=80)
    @given(worlds(), unit)
    def test_better_numbers_never_turn_a_pass_into_a_failure(
        self, world: tuple[Rules, Evidence], by: float
    ) -> None:
        rules, evidence = world
        before = [each.passed for each in judge(rules, evidence).rules]
        after = [each.passed for each in judge(rules, better(evidence, by)).rules]
        assert len(before) == len(after)
        assert all(now or not then for then, now in zip(before, after, strict=True))

    @settings(deadline=None, max_examples=50)
    @given(worlds())
    def test_the_verdict_is_that_of_all_rules_and_can_be_stored(
        self, world: tuple[Rules, Evidence]
    ) -> None:
        verdict = judge(*world)
        assert verdict.passed == all(each.passed for each in verdict.rules)
        record = AliasRecord(
            format=1, model="m", alias="a", epoch=1, seq=1, version=1, manifest=DIGEST, prev=None,
            txn="0f9f5a4c-3c1e-4a52-9a53-1e2f6a3f0b11", at="2026-11-22T15:10:28Z", by="x",
            verdict=to_document(verdict),
        )  # fmt: skip
        body = encode(record)
        assert read_verdict(decode(body, AliasRecord, where="").verdict) == verdict
        assert to_document(judge(*world)) == to_document(verdict)


class TestDocument:
    def test_a_long_one_loses_what_passed_and_says_so(self) -> None:
        names = [f"recall of {i:02d}{'ä' * 60}" for i in range(60)]
        rules = [
            RuleOutcome(name=name, required="at least 0.9", seen="0.95", passed=index != 50)
            for index, name in enumerate(names)
        ]
        document = to_document(Verdict(passed=False, rules=tuple(rules)))
        assert len(msgspec.json.encode(document)) <= MAX_BYTES
        assert document["more"] + len(document["rules"]) == 60
        assert [each["name"] for each in document["rules"] if not each["passed"]] == [names[50]]
        assert document["rules"][0]["name"] == names[0]

    def test_forced(self) -> None:
        document = to_document(unjudged("the champion is broken"))
        verdict = read_verdict(document)
        assert verdict is not None
        assert (verdict.summary, verdict.passed) == ("forced: the champion is broken", False)

    @pytest.mark.parametrize(
        ("document", "known"),
        [
            (None, False),
            ({}, False),
            ({"passed": "yes"}, False),
            ({"passed": True}, True),
            ({"passed": True, "invention": {"of": ["later"]}}, True),
        ],
    )
    def test_of_another_deployer(self, document: dict[str, Any] | None, known: bool) -> None:
        assert (read_verdict(document) is not None) is known

    def test_it_is_json(self) -> None:
        assert json.loads(json.dumps(to_document(unjudged("why")))) == to_document(unjudged("why"))
