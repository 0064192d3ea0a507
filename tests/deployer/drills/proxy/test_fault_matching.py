"""Whose turn it is: a rule's decisions, without sockets."""

from hypothesis import given
from hypothesis import strategies as st

from deployer.drills.proxy.heads import RequestHead, request_head
from deployer.drills.proxy.matching import Active
from deployer.drills.proxy.rules import Match, Rule


def head(method: str = "GET", target: str = "/", length: int = 0) -> RequestHead:
    return request_head(f"{method} {target} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode())


def taken(rule: Rule, count: int) -> list[int]:
    active = Active(1, rule)
    return [number for number in range(1, count + 1) if active.takes(head())]


def test_an_empty_match_takes_all() -> None:
    assert taken(Rule("reset"), 5) == [1, 2, 3, 4, 5]


def test_skip_and_times() -> None:
    assert taken(Rule("reset", skip=2, times=2), 9) == [3, 4]


@given(share=st.floats(0, 1), skip=st.integers(0, 5), count=st.integers(0, 300))
def test_a_share_is_evenly_spread(share: float, skip: int, count: int) -> None:
    turns = [number - skip for number in taken(Rule("reset", share=share, skip=skip), count + skip)]
    for so_far in range(count + 1):
        assert abs(sum(turn <= so_far for turn in turns) - so_far * share) < 1 + 1e-6


def test_every_tenth() -> None:
    assert taken(Rule("reset", share=0.1), 100) == list(range(10, 101, 10))
    # 100 * 0.29 is 28.999999999999996.
    assert len(taken(Rule("reset", share=0.29), 100)) == 29


def test_only_what_matches_counts_as_a_turn() -> None:
    active = Active(1, Rule("reset", match=Match(methods=("PUT",)), skip=1, times=1))
    order = [head("PUT"), head("GET"), head("PUT"), head("PUT")]
    assert [active.takes(each) for each in order] == [False, False, True, False]


def test_each_part_of_a_match() -> None:
    active = Active(1, Rule("reset", match=Match(("PUT", "POST"), r"/blobs/.*\?part", 10)))
    assert active.takes(head("POST", "/b/blobs/x?partNumber=2", 10))
    assert not active.takes(head("GET", "/b/blobs/x?partNumber=2", 10))
    assert not active.takes(head("POST", "/b/other/x?partNumber=2", 10))
    assert not active.takes(head("POST", "/b/blobs/x?partNumber=2", 9))


def test_a_target_is_found_as_it_travels_and_as_it_is_meant() -> None:
    for target in ("/b/x%2Fblobs%2Fy", "/b/x/blobs/y"):
        assert Active(1, Rule("reset", match=Match(target="/blobs/"))).takes(head("GET", target))
    assert Active(1, Rule("reset", match=Match(target="%2F"))).takes(head("GET", "/a%2Fb"))
    assert not Active(1, Rule("reset", match=Match(target="/blobs/"))).takes(head("GET", "/a%2Fb"))


def test_a_body_that_is_not_there_is_not_damaged() -> None:
    for rule in (Rule("flip", times=1), Rule("truncate", times=1)):
        active = Active(1, rule)
        assert not active.takes(head("HEAD"))
        assert active.takes(head("GET"))
