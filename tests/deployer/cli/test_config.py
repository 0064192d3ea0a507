"""Settings: which one wins, what is refused and with which advice, and where each comes from."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from deployer.config import load
from deployer.errors import UsageError
from tests.deployer.registry.cli_kit import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def origins(world: World) -> dict[str, tuple[object, str]]:
    told = world.invoke("config", "show", "--origin", "-o", "json").ok().json
    return {name: (each["value"], each["origin"]) for name, each in told.items()}


UNSET_INFRA = (
    *("region", "stores", "image", "compute", "cpu", "memory", "min_instances", "max_instances"),
    *("concurrency", "timeout", "log_days", "budget", "alarm", "domain", "zone", "project", "keys"),
    *("requests", "public", "endpoints", "port", "name", "model", "owner", "residency", "backend"),
    *("secrets_provider", "aws", "gcp", "azure", "local"),
)


class TestPrecedence:
    def test_defaults(self, world: World) -> None:
        assert origins(world) == {
            "region": (None, "default"),
            "push.clouds": ([], "default"),
            "push.home": (None, "default"),
            "push.require": ("all", "default"),
            "transfer.workers": (4, "default"),
            "transfer.part_size": (8 * 1024 * 1024, "default"),
            "transfer.timeout": (60.0, "default"),
            "transfer.attempts": (5, "default"),
            "transfer.cache": (10 * 1024**3, "default"),
            "signing.mode": (None, "default"),
            "signing.private_key": (None, "default"),
            "signing.public_keys": ([], "default"),
            "signing.certificate": (None, "default"),
            "signing.chain": ([], "default"),
            "signing.identity": (None, "default"),
            "signing.issuer": (None, "default"),
            "signing.trust_config": (None, "default"),
            "signing.staging": (False, "default"),
            "signing.require_signature": (False, "default"),
            "signing.require_signed_aliases": (False, "default"),
            "gate.min_recall": (None, "default"),
            "gate.max_calibration_error": (None, "default"),
            "gate.champion": (False, "default"),
            "gate.data": (None, "default"),
            "gate.keep_seen": (False, "default"),
            "gate.require_gate_for": (["champion"], "default"),
            "gate.use": ("value", "default"),
            "serve.host": ("127.0.0.1", "default"),
            "serve.port": (8080, "default"),
            "serve.grpc_port": (8081, "default"),
            "serve.admin_port": (9090, "default"),
            "serve.admin_host": ("127.0.0.1", "default"),
            "serve.workers": (1, "default"),
            "serve.auth": ("keys", "default"),
            "serve.keys_file": (None, "default"),
            "serve.oidc_issuer": (None, "default"),
            "serve.oidc_audience": (None, "default"),
            "serve.platform": (None, "default"),
            "serve.max_body": (16 * 1024 * 1024, "default"),
            "serve.max_rows": (100_000, "default"),
            "serve.max_depth": (16, "default"),
            "serve.max_headers": (16 * 1024, "default"),
            "serve.body_timeout": (10.0, "default"),
            "serve.poll": (1.0, "default"),
            "serve.drain": (3.0, "default"),
            "serve.grace": (20.0, "default"),
            "serve.drift_sample": (0.05, "default"),
            "serve.access_log": (True, "default"),
            "router.model": ("", "default"),
            "router.mode": ("priority", "default"),
            "router.host": ("127.0.0.1", "default"),
            "router.port": (8000, "default"),
            "router.admin_port": (9901, "default"),
            "router.region": (None, "default"),
            "router.per_try": (1.0, "default"),
            "router.timeout": (5.0, "default"),
            "router.peak": (None, "default"),
            "router.dns_name": (None, "default"),
            **{f"infra.{name}": (None, "default") for name in UNSET_INFRA},
            "infra.environment": ("production", "default"),
            "infra.clouds": ([], "default"),
            "infra.suppress": ([], "default"),
            "infra.demands.tags": (["owner", "model", "residency"], "default"),
            "infra.demands.object_lock": (False, "default"),
            "infra.demands.replication": (False, "default"),
        }

    def test_serving_and_routing(self, world: World) -> None:
        world.settings(
            '[serve]\nport = 1\n[router]\nmodel = "penguins"\n[router.endpoints.aws]\n'
            'url = "http://a"\n[router.endpoints.gcp]\nurl = "http://b"\npriority = 1\n'
        )
        world.setenv(
            {"DEPLOYER_SERVE_PORT": "8", "DEPLOYER_SERVE_KEYS": "a:b", "DEPLOYER_API_KEY": "s3cret"}
        )
        settings = load().settings
        assert settings.serve.port == 8
        assert list(settings.router.endpoints) == ["aws", "gcp"]
        assert settings.router.endpoints["gcp"].priority == 1
        assert "s3cret" not in str(origins(world))

    @pytest.mark.parametrize(
        ("text", "advice"),
        [
            ("[serve]\nprot = 1\n", "did you mean 'serve.port'?"),
            ("[router]\nmodell = 'a'\n", "did you mean 'router.model'?"),
            ("[router.endpoints.a]\nulr = 'a'\n", "did you mean 'router.endpoints.a.url'?"),
        ],
    )
    def test_a_mistyped_name(self, world: World, text: str, advice: str) -> None:
        world.settings(text)
        with pytest.raises(UsageError) as raised:
            load()
        assert advice in raised.value.hint

    def test_environment_over_project_over_user_over_default(self, world: World) -> None:
        user = world.settings(
            "[transfer]\nworkers = 1\ntimeout = 1.0\nattempts = 1\n"
            '[clouds.aws]\nurl = "s3://user"\nendpoint = "http://user"\n',
            user=True,
        )
        project = world.settings(
            '[transfer]\nworkers = 2\ntimeout = 2.0\n[clouds.aws]\nurl = "s3://project"\n'
            '[clouds.gcp]\nurl = "gs://project"\n'
        )
        world.setenv({"DEPLOYER_TRANSFER_WORKERS": "3", "DEPLOYER_CLOUDS_GCP_URL": "gs://env"})
        found = origins(world)
        assert found["transfer.workers"] == (3, "environment")
        assert found["transfer.timeout"] == (2.0, str(project))
        assert found["transfer.attempts"] == (1, str(user))
        assert found["transfer.part_size"][1] == "default"
        assert found["clouds.aws.url"] == ("s3://project", str(project))
        assert found["clouds.aws.endpoint"] == ("http://user", str(user))
        assert found["clouds.gcp.url"] == ("gs://env", "environment")

    def test_regions_and_residency(self, world: World) -> None:
        project = world.settings(
            'region = "eu-west-1"\n[clouds.aws]\nurl = "s3://b"\nregion = "eu-central-1"\n'
            '[models.penguins]\nresidency = ["eu", "ch"]\n[models."a.b"]\n'
        )
        settings = load().settings
        assert (settings.region, settings.clouds["aws"].region) == ("eu-west-1", "eu-central-1")
        assert settings.models["penguins"].residency == ["eu", "ch"]
        assert settings.models["a.b"].residency == []
        assert origins(world)["models.penguins.residency"] == (["eu", "ch"], str(project))
        world.setenv({"DEPLOYER_REGION": "westeurope", "DEPLOYER_CLOUDS_AWS_REGION": "eu-west-3"})
        found = origins(world)
        assert found["region"] == ("westeurope", "environment")
        assert found["clouds.aws.region"] == ("eu-west-3", "environment")
        world.setenv({"DEPLOYER_REGION": ""})
        assert load().settings.region == "eu-west-1"

    def test_flags_over_everything(self, world: World) -> None:
        world.local_clouds(more='[push]\nclouds = ["aws"]\nrequire = "1"\n')
        world.setenv({"DEPLOYER_PUSH_CLOUDS": "gcp"})
        world.model({"a": b"1"})
        pushed = world.invoke("push", "model", "m", "-o", "json").ok().json
        assert list(pushed["clouds"]) == ["gcp"]
        pushed = world.invoke("push", "model", "n", "--clouds", "azure", "-o", "json").ok().json
        assert list(pushed["clouds"]) == ["azure"]

    def test_a_list_is_replaced_not_joined(self, world: World) -> None:
        world.settings('[push]\nclouds = ["a", "b"]\n', user=True)
        world.settings('[push]\nclouds = ["c"]\n')
        assert load().settings.push.clouds == ["c"]

    @pytest.mark.parametrize(
        ("value", "expected"),
        [("aws,gcp", ["aws", "gcp"]), (" aws , gcp ", ["aws", "gcp"]), ("aws", ["aws"]), ("", [])],
    )
    def test_a_list_in_a_variable(self, world: World, value: str, expected: list[str]) -> None:
        world.setenv({"DEPLOYER_PUSH_CLOUDS": value})
        assert load().settings.push.clouds == expected

    def test_signing_by_variables(self, world: World) -> None:
        world.setenv(
            {
                "DEPLOYER_SIGNING_MODE": "key",
                "DEPLOYER_SIGNING_PUBLIC_KEYS": "a.pub, b.pub",
                "DEPLOYER_SIGNING_REQUIRE_SIGNATURE": "true",
                "DEPLOYER_SIGNING_PASSWORD": "hunter2",
            }
        )
        signing = load().settings.signing
        assert (signing.mode, signing.public_keys) == ("key", ["a.pub", "b.pub"])
        assert signing.require_signature
        assert "hunter2" not in world.invoke("config", "show", "--origin").ok().out

    def test_output_by_variable(self, world: World) -> None:
        world.setenv({"DEPLOYER_OUTPUT": "json"})
        assert world.invoke("config", "show").ok().json["transfer.workers"] == 4
        assert "transfer.workers" in world.invoke("config", "show", "-o", "table").ok().out
        world.setenv({"DEPLOYER_OUTPUT": "yaml"})
        assert "yaml" in world.invoke("config", "show").misused()

    def test_the_users_file_where_xdg_has_it(self, world: World) -> None:
        world.settings("[transfer]\nworkers = 7\n", user=True)
        assert load().settings.transfer.workers == 7
        world.setenv({"XDG_CONFIG_HOME": "config"})  # relative: to be ignored
        home = world.folder / "home" / ".config" / "deployer"
        home.mkdir(parents=True)
        (home / "config.toml").write_text("[transfer]\nworkers = 8\n")
        assert load().settings.transfer.workers == 8

    def test_a_table(self, world: World) -> None:
        world.settings("[transfer]\nworkers = 7\n")
        world.setenv({"COLUMNS": "200"})  # else a long path is folded
        out = world.invoke("config", "show", "--origin").ok().out
        assert "deployer.toml" in out
        assert "origin" not in world.invoke("config", "show").ok().out


BAD = {
    "no TOML": ("[transfer\n", "line 1"),
    "not UTF-8": ("\xff", "utf-8"),
    "a name twice": ("[transfer]\nworkers=1\nworkers=2\n", "line 3"),
    "unknown section": ("[transfers]\nworkers = 1\n", "'transfer'"),
    "unknown key": ("[transfer]\nworker = 1\n", "'transfer.workers'"),
    "unknown key of a cloud": ('[clouds.aws]\nurl = "s3://b"\nendpont = "x"\n', "endpoint"),
    "unknown key of push": ('[push]\nrequires = "all"\n', "'push.require'"),
    "a scalar for a section": ("transfer = 3\n", "transfer"),
    "a list for a section": ("push = []\n", "push"),
    "a scalar for all clouds": ("clouds = 3\n", "clouds"),
    "a scalar for a cloud": ('[clouds]\naws = "s3://b"\n', "clouds.aws"),
    "a table for a scalar": ("[transfer.workers]\nx = 1\n", "workers"),
    "a word for a number": ('[transfer]\nworkers = "many"\n', "workers"),
    "no workers": ("[transfer]\nworkers = 0\n", "workers"),
    "negative": ("[transfer]\nattempts = -1\n", "attempts"),
    "a tiny part": ("[transfer]\npart_size = 1\n", "part_size"),
    "never": ("[transfer]\ntimeout = inf\n", "timeout"),
    "no number": ("[transfer]\ntimeout = nan\n", "timeout"),
    "a number for an address": ("[clouds.aws]\nurl = 3\n", "url"),
    "no address": ('[clouds.aws]\nendpoint = "http://x"\n', "url"),
    "a number for a list": ("[push]\nclouds = 3\n", "clouds"),
    "numbers in a list": ("[push]\nclouds = [1]\n", "clouds"),
    "unknown mode": ('[signing]\nmode = "pgp"\n', "signing.mode"),
    "a key without a mode": ('[signing]\nprivate_key = "k"\n', "private_key needs a mode"),
    "a rule without a mode": ("[signing]\nrequire_signature = true\n", "needs a mode"),
    "a name for a list": ('[signing]\nmode = "key"\npublic_keys = "k"\n', "public_keys"),
    "a password": ('[signing]\nmode = "key"\npassword = "hunter2"\n', "password"),
    "a number for a region": ("region = 3\n", "region"),
    "a table for a region": ("[region]\nx = 1\n", "region"),
    "a list for models": ("models = []\n", "models"),
    "a scalar for a model": ('[models]\npenguins = "eu"\n', "models.penguins"),
    "a word for a residency": ('[models.penguins]\nresidency = "eu"\n', "residency"),
    "unknown key of a model": ('[models.penguins]\nresidence = ["eu"]\n', "residency"),
    "a secret": ('[clouds.aws]\nurl = "s3://b"\nsecret_key = "hunter2"\n', "secret_key"),
}


class TestRefused:
    @pytest.mark.parametrize("name", BAD)
    @pytest.mark.parametrize("user", [False, True], ids=["project", "user"])
    def test_files(self, world: World, name: str, user: bool) -> None:
        text, named = BAD[name]
        path = world.settings("", user=user)
        path.write_bytes(text.encode("latin-1"))
        error = world.invoke("config", "show").failed(2)
        assert named in error
        assert path.name in error
        assert "hunter2" not in error
        for command in (["push", "model", "m"], ["list"], ["pull", "m", "out"]):
            world.invoke(*command).failed(2)

    @pytest.mark.parametrize(
        ("variables", "named"),
        [
            ({"DEPLOYER_TRANSFER_WORKERS": "many"}, "workers"),
            ({"DEPLOYER_TRANSFER_WORKERS": "0"}, "workers"),
            ({"DEPLOYER_TRANSFER_WORKERS": ""}, "workers"),
            ({"DEPLOYER_TRANSFER_TIMEOUT": "nan"}, "timeout"),
            ({"DEPLOYER_TRANSFER_WORKER": "3"}, "workers"),
            ({"DEPLOYER_PUSH_CLOUD": "aws"}, "clouds"),
            ({"DEPLOYER_CLOUDS_AWS_UR": "s3://b"}, "url"),
            ({"DEPLOYER_CLOUDS_AWS_ENDPOINT": "http://x"}, "url"),
        ],
    )
    def test_variables(self, world: World, variables: Mapping[str, str], named: str) -> None:
        world.setenv(variables)
        assert named in world.invoke("config", "show").failed(2)

    @pytest.mark.parametrize(
        ("user", "project", "variables"),
        [
            ("", "clouds = 3\n", {"DEPLOYER_CLOUDS_AWS_URL": "s3://b"}),
            ("clouds = 3\n", '[clouds.aws]\nurl = "s3://b"\n', {}),
            ('[push]\nrequire = "all"\n', "[push.require]\nx = 1\n", {}),
            ("[push.require]\nx = 1\n", '[push]\nrequire = "all"\n', {}),
            ("[transfer]\nworkers = 1\n", "transfer = 3\n", {"DEPLOYER_TRANSFER_WORKERS": "2"}),
        ],
        ids=range(5),
    )
    def test_shapes_that_do_not_fit_together(
        self, world: World, user: str, project: str, variables: Mapping[str, str]
    ) -> None:
        world.settings(user, user=True)
        world.settings(project)
        world.setenv(variables)
        world.invoke("config", "show").failed(2)

    def test_a_file_that_cannot_be_read(self, world: World) -> None:
        (world.work / "deployer.toml").mkdir()
        assert "deployer.toml" in world.invoke("config", "show").failed(2)

    def test_other_variables_are_left_alone(self, world: World) -> None:
        world.setenv({"DEPLOYER_EMULATORS": "0", "DEPLOYER_OUTPUT": "table", "DEPLOYERX": "1"})
        world.invoke("config", "show").ok()

    def test_a_flag_that_is_no_number(self, world: World) -> None:
        world.local_clouds()
        world.model({"a": b"1"})
        for value in ("nan", "0", "-1", "x"):
            ran = world.invoke("push", "model", "m", "--timeout", value)
            assert ran.code == 2, value
        assert world.invoke("push", "model", "m", "--concurrency", "0").code == 2


def test_the_nearest_name_is_suggested(world: World) -> None:
    world.settings("[transfer]\npartsize = 1\n")
    with pytest.raises(UsageError) as caught:
        load()
    assert caught.value.hint == "did you mean 'transfer.part_size'?"
    assert caught.value.where.endswith("deployer.toml")
