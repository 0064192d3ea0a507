import pytest

from deployer.errors import UsageError
from deployer.routing.endpoints import router_of
from deployer.settings import ModelSettings, RouterEndpoint, RouterSettings, Settings


def settings(**endpoints: RouterEndpoint) -> Settings:
    return Settings(router=RouterSettings(model="penguins", endpoints=endpoints))


def test_the_router_is_what_the_settings_say() -> None:
    router = router_of(
        settings(
            aws=RouterEndpoint(url="https://a.example.com/", cloud="aws", region="eu-central-1"),
            gcp=RouterEndpoint(url="http://10.0.0.7:8080", priority=1, weight=7, canary=True),
        )
    )
    aws, gcp = router.endpoints
    assert (aws.name, aws.host, aws.port, aws.tls) == ("aws", "a.example.com", 443, True)
    assert (aws.region, aws.priority, aws.weight, aws.resident) == ("eu-central-1", 0, 100, True)
    assert (gcp.host, gcp.port, gcp.tls) == ("10.0.0.7", 8080, False)
    assert (gcp.priority, gcp.weight, gcp.canary) == (1, 7, True)
    assert router.digests == ()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://a", "scheme"),
        ("a.example.com", "scheme"),
        ("https://", "host"),
        ("https://a b", "host"),
        ('https://a"b', "host"),
        ("https://a:0", "port"),
        ("https://a:70000", "Port"),
        ("https://a/v2", "more than"),
        ("https://a?x=1", "more than"),
    ],
)
def test_an_address_that_no_proxy_can_use_is_refused_with_its_place(url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        router_of(settings(aws=RouterEndpoint(url=url)))
    assert caught.value.where == "[router.endpoints.aws] url"
    assert caught.value.hint


def test_credentials_in_an_address_are_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        router_of(settings(aws=RouterEndpoint(url="https://user:hunter2@a")))
    assert "hunter2" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (Settings(), "[router] model"),
        (Settings(router=RouterSettings(model="penguins")), "[router.endpoints]"),
        (settings(**{"a b": RouterEndpoint(url="http://a")}), "[router.endpoints.a b]"),
        (
            settings(a=RouterEndpoint(url="http://h"), b=RouterEndpoint(url="http://h:80")),
            "[router.endpoints.b] url",
        ),
        (settings(a=RouterEndpoint(url="http://a", canary=True)), "[router.endpoints]"),
        (settings(a=RouterEndpoint(url="http://a", priority=-1)), "[router.endpoints.a] priority"),
        (settings(a=RouterEndpoint(url="http://a", weight=-1)), "[router.endpoints.a] weight"),
        (
            Settings(
                router=RouterSettings(
                    model="penguins", endpoints={"a": RouterEndpoint(url="http://a")}, per_try=0
                )
            ),
            "[router] per_try",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(wrong: Settings, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        router_of(wrong)
    assert caught.value.where == where
    assert caught.value.hint


def test_residency_binds_failover_too() -> None:
    found = router_of(
        Settings(
            models={"penguins": ModelSettings(residency=["eu"])},
            router=RouterSettings(
                model="penguins",
                endpoints={
                    "inside": RouterEndpoint(url="http://a", region="eu-central-1"),
                    "outside": RouterEndpoint(url="http://b", region="us-east-1"),
                    "unknown": RouterEndpoint(url="http://c"),
                },
            ),
        )
    )
    assert [each.resident for each in found.endpoints] == [True, False, False]
