import pytest

from deployer.serving.models import Served
from tests.deployer.serving.protocol.protocol_kit import make_mixed, make_numeric


@pytest.fixture(scope="session")
def numeric(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return make_numeric(tmp_path_factory.mktemp("numeric"))


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return make_mixed(tmp_path_factory.mktemp("mixed"))
