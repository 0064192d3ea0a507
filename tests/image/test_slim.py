"""What is taken out of the installed packages is what no server reads, and no more."""

import ast
import json
import re
import subprocess
import sys
import sysconfig
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path

import pytest

from image import root, slim

HERE = {name: Path(str(find_spec(name).origin)).parent for name in ("botocore", "numpy", "onnxruntime")}  # type: ignore[union-attr]  # fmt: skip


def package(site: Path, *paths: str) -> Path:
    """Make a package of these files, with its list of them."""
    for each in paths:
        (site / each).parent.mkdir(parents=True, exist_ok=True)
        (site / each).write_text(each)
    record = site / "some-1.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text(
        "".join(f"{each},sha256=x,1\n" for each in (*paths, "some-1.dist-info/RECORD"))
    )
    return record


def left(site: Path) -> set[str]:
    return {str(each.relative_to(site)) for each in site.rglob("*") if each.is_file()}


def test_only_what_compilers_type_checkers_and_test_runners_read_goes(tmp_path: Path) -> None:
    kept = {
        "some/a.py",
        "some/b.so",
        "some/c.so.1",
        "some/data.json",
        "some/py.typed",
        "latests.py",
    }
    gone = {
        "some/a.pyi",
        "some/b.c",
        "some/b.pyx",
        "some/include/b.h",
        "some/tests/a.py",
        "some/lib.a",
    }
    record = package(tmp_path, *kept, *gone)
    assert slim.slim(tmp_path) == sum(map(len, gone))
    assert left(tmp_path) == {*kept, "some-1.dist-info/RECORD"}
    assert all((tmp_path / each).read_text() == each for each in kept)  # no byte is changed
    listed = {line.split(",")[0] for line in record.read_text().splitlines()}
    assert listed == left(tmp_path)


def test_a_list_of_files_that_an_installer_keeps_is_not_written_to(tmp_path: Path) -> None:
    record = package(tmp_path / "site", "some/a.c")
    kept = tmp_path / "kept"
    kept.hardlink_to(record)
    before = kept.read_text()
    slim.slim(tmp_path / "site")
    assert (kept.read_text(), record.read_text() == before) == (before, False)


def test_of_aws_only_what_s3_and_its_credentials_ask_stays(tmp_path: Path) -> None:
    services = {"ec2", "s3control", *slim.SERVICES}
    package(
        tmp_path, "botocore/data/endpoints.json", *(f"botocore/data/{s}/1.gz" for s in services)
    )
    slim.slim(tmp_path)
    stay = {"endpoints.json", *slim.SERVICES}
    assert {each.name for each in (tmp_path / "botocore" / "data").iterdir()} == stay


def test_every_service_that_credentials_come_from_stays() -> None:
    """The names that the SDK itself makes clients of, read from its source."""
    asked = set[str]()
    for name in ("credentials.py", "signers.py", "tokens.py", "utils.py"):
        for call in ast.walk(ast.parse((HERE["botocore"] / name).read_text("utf-8"))):
            if isinstance(call, ast.Call) and re.search(
                r"client_creator|create_client|create_nested_client", ast.unparse(call.func)
            ):
                texts = [a.value for a in call.args if isinstance(a, ast.Constant)]
                asked.update(text for text in texts if isinstance(text, str))
    assert {"sso", "sso-oidc", "sts"} <= asked
    assert asked <= slim.SERVICES


def test_what_is_no_longer_as_it_was_ends_the_build(tmp_path: Path) -> None:
    package(tmp_path, "onnxruntime/capi/other.so")
    with pytest.raises(LookupError, match="look again"):
        slim.slim(tmp_path)


def test_what_is_named_is_there_in_the_packages_as_they_are_now() -> None:
    for name, patterns in slim.UNUSED.items():
        for pattern in patterns:
            assert list(HERE[name].glob(pattern)), f"{name} has no {pattern}"


USES = """
import json, pkgutil, sys
import numpy, onnxruntime
from deployer import serving, signing
import deployer.cli.serve
from deployer.packaging.load import load_package
for package in (serving, signing):
    for each in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        __import__(each.name)
from providers import azure_blob, gcs, s3
s3.__name__
onnxruntime.InferenceSession(sys.argv[1]).run(None, {"x": numpy.ones((1, 2), numpy.float32)})
read = {getattr(each, "__file__", None) for each in list(sys.modules.values())}
with open("/proc/self/maps") as maps:
    read |= {line.split()[-1] for line in maps}
print(json.dumps(sorted(each for each in read if each)))
"""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
def test_serving_reads_nothing_of_it(tmp_path: Path) -> None:
    """Every module of the server and of the drivers, and an inference, in a fresh process."""
    from onnx import TensorProto, helper, save

    kind, shape = TensorProto.FLOAT, [None, 2]
    ends = [[helper.make_tensor_value_info(name, kind, shape)] for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "g", *ends)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, str(tmp_path / "model.onnx"))
    done = subprocess.run(
        [sys.executable, "-c", USES, str(tmp_path / "model.onnx")],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    read = {Path(each) for each in json.loads(done.stdout)}
    assert HERE["onnxruntime"] / "__init__.py" in read
    assert any(each.name.startswith("onnxruntime_pybind11_state") for each in read)
    site = HERE["numpy"].parent
    library = Path(sysconfig.get_path("stdlib"))
    needless = {
        folder
        for name, patterns in slim.UNUSED.items()
        for pattern in patterns
        for folder in HERE[name].glob(pattern)
    }
    for each in read:
        assert each.suffix not in slim.SUFFIXES
        if each.is_relative_to(site):
            assert not slim.FOLDERS & set(each.relative_to(site).parts), each
            assert not needless & {each, *each.parents}, each
        elif each.is_relative_to(library):
            parts = each.relative_to(library).parts
            assert not [part for part in parts for name in root.LEFT_OUT if fnmatch(part, name)], (
                each
            )
