import json

from deployer.routing.process import FIRST_WAIT, LONGEST_WAIT, STEADY, next_wait
from deployer.routing.statistics import Counts, envoy_counts, grown, haproxy_counts


def host(name: str, **values: int) -> dict[str, object]:
    stats = [{"name": key, "value": str(value)} for key, value in values.items() if value]
    return {"locality": {"sub_zone": name}, "stats": stats}


def test_envoy_counts_what_is_over_and_what_of_it_failed() -> None:
    hosts = [
        host("one", rq_total=100, rq_success=90, rq_error=7, rq_timeout=1, rq_active=2),
        host("two", cx_connect_fail=3),
        host("one", rq_total=10, rq_success=10),
    ]
    document = {
        "cluster_statuses": [
            {"name": "model", "host_statuses": hosts},
            {"name": "other", "host_statuses": [host("one", rq_total=5)]},
        ]
    }
    assert envoy_counts(json.dumps(document)) == {"one": Counts(108, 8), "two": Counts(3, 3)}
    assert envoy_counts("{}") == {}


def test_haproxy_counts_answers_and_failures() -> None:
    text = (
        "# pxname,svname,econ,eresp,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,\n"
        "router,FRONTEND,,,0,9,0,0,0,\n"
        "model,one,2,1,0,80,0,5,4,\n"
        "model,BACKEND,2,1,0,80,0,5,4,\n"
        "model,two,,,,,,,,\n"
    )
    assert haproxy_counts(text) == {"one": Counts(92, 7), "two": Counts()}


def test_counts_that_fell_began_again() -> None:
    assert grown(Counts(10, 1), Counts(15, 2)) == Counts(5, 1)
    assert grown(Counts(10, 1), Counts(4, 0)) == Counts(4, 0)


def test_a_proxy_that_keeps_ending_is_started_less_and_less_often() -> None:
    waits = [0.0]
    for _ in range(10):
        waits.append(next_wait(waits[-1], 0.1))
    assert waits[1:4] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert waits[-1] == LONGEST_WAIT
    assert next_wait(LONGEST_WAIT, STEADY) == FIRST_WAIT
