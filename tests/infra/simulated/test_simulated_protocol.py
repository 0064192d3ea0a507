"""The plugin as the engine sees it: a process, a port on stdout, gRPC."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.simulated import STATE, plugin_folder
from infra.simulated.wire import UNKNOWN, secret

grpc = pytest.importorskip("grpc")
pytest.importorskip("pulumi")

URN = "urn:pulumi:dev::p::pulumi:pulumi:Stack$aws:s3/bucket:Bucket::models"


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from pulumi.runtime.proto import provider_pb2_grpc

    folder = tmp_path_factory.mktemp("plugin")
    environment = {
        **os.environ,
        STATE: str(folder / "cloud.json"),
        "PULUMI_PYTHON_CMD": sys.executable,
    }
    script = plugin_folder("aws") / "pulumi-resource-aws"
    with subprocess.Popen(
        [str(script), "127.0.0.1:1"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                yield provider_pb2_grpc.ResourceProviderStub(channel)
        finally:
            process.terminate()
    assert process.returncode == 0


def struct(**values: Any) -> Any:
    from google.protobuf import struct_pb2

    made = struct_pb2.Struct()
    made.update(values)
    return made


def test_a_resource_through_the_protocol(stub: Any, tmp_path: Path) -> None:
    from pulumi.runtime.proto import provider_pb2 as pb

    settings = stub.Configure(pb.ConfigureRequest(variables={"aws:config:region": "eu-west-1"}))
    assert settings.acceptSecrets
    assert settings.supportsPreview
    news = struct(tags={"owner": "a"}, policy=UNKNOWN)
    checked = stub.Check(pb.CheckRequest(urn=URN, news=news, randomSeed=b"x")).inputs
    assert checked["bucket"].startswith("models-")
    assert checked["policy"] == UNKNOWN
    inputs = struct(bucket="mine", tags={"owner": "a"}, deep=secret("s"))
    made = stub.Create(pb.CreateRequest(urn=URN, properties=inputs))
    assert made.id == "mine"
    assert made.properties["bucketRegionalDomainName"] == "mine.s3.eu-west-1.amazonaws.com"
    assert dict(made.properties["deep"]) == secret("s")
    read = stub.Read(pb.ReadRequest(urn=URN, id="mine", inputs=inputs, properties=made.properties))
    assert read.inputs == inputs
    assert read.properties == made.properties
    stub.Delete(pb.DeleteRequest(urn=URN, id="mine", properties=made.properties))
    assert stub.Read(pb.ReadRequest(urn=URN, id="mine")).id == ""


def test_differences_and_what_they_force(stub: Any) -> None:
    from pulumi.runtime.proto import provider_pb2 as pb

    old, new = struct(bucket="a", tags={"o": "1"}), struct(bucket="b", tags={"o": "2"}, acl="x")
    found = stub.Diff(pb.DiffRequest(urn=URN, id="a", olds=old, news=new, old_inputs=old))
    assert found.changes == pb.DiffResponse.DIFF_SOME
    assert {path: each.kind for path, each in found.detailedDiff.items()} == {
        "acl": pb.PropertyDiff.ADD,
        "bucket": pb.PropertyDiff.UPDATE_REPLACE,
        "tags.o": pb.PropertyDiff.UPDATE,
    }
    assert list(found.replaces) == ["bucket"]
    same = stub.Diff(pb.DiffRequest(urn=URN, id="a", olds=old, news=old, old_inputs=old))
    assert same.changes == pb.DiffResponse.DIFF_NONE


def test_questions_and_errors(stub: Any) -> None:
    from pulumi.runtime.proto import provider_pb2 as pb

    asked = pb.InvokeRequest(tok="aws:index/getCallerIdentity:getCallerIdentity")
    assert getattr(stub.Invoke(asked), "return")["accountId"] == "123456789012"
    with pytest.raises(grpc.RpcError, match="does not answer aws:x"):
        stub.Invoke(pb.InvokeRequest(tok="aws:x"))
    policy = URN.replace("bucket:Bucket", "bucketPolicy:BucketPolicy")
    with pytest.raises(grpc.RpcError, match="NotFound") as caught:
        stub.Create(pb.CreateRequest(urn=policy, properties=struct(bucket="nowhere")))
    assert "Traceback" not in str(caught.value)


def test_it_says_what_it_lacks() -> None:
    environment = {key: value for key, value in os.environ.items() if key != STATE}
    done = subprocess.run(
        [sys.executable, "-m", "infra.simulated", "aws"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert STATE in done.stderr
    assert "Traceback" not in done.stderr
