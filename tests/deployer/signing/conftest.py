from pathlib import Path

import pytest

from deployer.signing.key_mode import KeySigner, KeyVerifier
from tests.deployer.signing.signing_kit import FILES, SUBJECT, key, write_pair


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the files of the key pair that is trusted."""
    return write_pair(tmp_path_factory.mktemp("own"), key("own"))


@pytest.fixture(scope="session")
def signer(own: tuple[Path, Path]) -> KeySigner:
    return KeySigner(own[0], None)


@pytest.fixture(scope="session")
def verifier(own: tuple[Path, Path]) -> KeyVerifier:
    return KeyVerifier([own[1]])


@pytest.fixture(scope="session")
def bundle(signer: KeySigner) -> bytes:
    """Return a good signature."""
    return signer.sign(SUBJECT, FILES)
