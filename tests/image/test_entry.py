"""What the container is told becomes the arguments of the server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from image import entry


def test_arguments_are_passed_on() -> None:
    assert entry.arguments_of(["penguins@champion", "--workers", "2"], {}) == [
        "serve",
        "penguins@champion",
        "--workers",
        "2",
    ]


def test_the_variable_names_models_where_there_are_no_arguments() -> None:
    environment = {"DEPLOYER_SERVE_MODELS": "penguins@champion irises:3"}
    assert entry.arguments_of([], environment) == ["serve", "penguins@champion", "irises:3"]
    assert entry.arguments_of(["a:1"], environment) == ["serve", "a:1"]


def test_sagemaker_says_serve_and_mounts_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "SAGEMAKER_MODEL", str(tmp_path))
    (tmp_path / "model.json").write_text("{}")
    assert entry.arguments_of(["serve"], {}) == ["serve", str(tmp_path)]
    environment = {"SAGEMAKER_BIND_TO_PORT": "8123"}
    assert entry.arguments_of(["serve"], environment) == [
        "serve",
        str(tmp_path),
        "--port",
        "8123",
    ]
    named = {"DEPLOYER_SERVE_MODELS": "penguins"}
    assert entry.arguments_of(["serve"], named) == ["serve", "penguins"]


def test_azureml_names_a_folder_that_holds_the_package_or_holds_its_folder(tmp_path: Path) -> None:
    package = tmp_path / "penguins"
    package.mkdir()
    environment = {"AZUREML_MODEL_DIR": str(tmp_path)}
    assert entry.arguments_of([], environment) == ["serve"]
    (package / "model.json").write_text("{}")
    assert entry.arguments_of([], environment) == ["serve", str(package)]
    (tmp_path / "model.json").write_text("{}")
    assert entry.arguments_of([], environment) == ["serve", str(tmp_path)]


def test_it_becomes_the_server() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DEPLOYER_")}
    done = subprocess.run(
        [sys.executable, entry.__file__],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )
    # The server's own complaint, in its own exit code.
    assert done.returncode == 2
    assert "REF_OR_FOLDER" in done.stderr
