import subprocess
import sys
from pathlib import Path

from deployer.serving.grpc import messages

FOLDER = Path(messages.__file__).parent


def test_the_descriptors_are_those_of_the_proto_files(tmp_path: Path) -> None:
    out = tmp_path / "messages.binpb"
    names = sorted(each.name for each in FOLDER.glob("*.proto"))
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", f"--descriptor_set_out={out}"]
    subprocess.run([*command, *names], cwd=FOLDER, check=True)
    assert out.read_bytes() == (FOLDER / "messages.binpb").read_bytes()


# What the standard numbers: kserve/open-inference-protocol, open_inference_grpc.proto.
STANDARD = {
    "ModelReadyRequest": {"name": 1, "version": 2},
    "ServerMetadataResponse": {"name": 1, "version": 2, "extensions": 3},
    "ModelMetadataResponse": {"name": 1, "versions": 2, "platform": 3, "inputs": 4, "outputs": 5},
    "ModelMetadataResponse.TensorMetadata": {"name": 1, "datatype": 2, "shape": 3},
    "ModelInferRequest": {
        "model_name": 1,
        "model_version": 2,
        "id": 3,
        "parameters": 4,
        "inputs": 5,
        "outputs": 6,
        "raw_input_contents": 7,
    },
    "ModelInferRequest.InferInputTensor": {
        "name": 1,
        "datatype": 2,
        "shape": 3,
        "parameters": 4,
        "contents": 5,
    },
    "ModelInferRequest.InferRequestedOutputTensor": {"name": 1, "parameters": 2},
    "ModelInferResponse": {
        "model_name": 1,
        "model_version": 2,
        "id": 3,
        "parameters": 4,
        "outputs": 5,
        "raw_output_contents": 6,
    },
    "InferParameter": {
        "bool_param": 1,
        "int64_param": 2,
        "string_param": 3,
        "double_param": 4,
        "uint64_param": 5,
    },
    "InferTensorContents": {
        "bool_contents": 1,
        "int_contents": 2,
        "int64_contents": 3,
        "uint_contents": 4,
        "uint64_contents": 5,
        "fp32_contents": 6,
        "fp64_contents": 7,
        "bytes_contents": 8,
    },
}


def test_fields_have_the_standards_numbers() -> None:
    for name, fields in STANDARD.items():
        told = messages.message(f"inference.{name}").DESCRIPTOR.fields
        assert {each.name: each.number for each in told} == fields


def test_another_package_may_bring_the_same_messages() -> None:
    """As tritonclient does, whose messages are in the process's one pool."""
    script = (
        "from google.protobuf import descriptor_pb2, descriptor_pool, message_factory\n"
        "other = descriptor_pb2.FileDescriptorProto(name='grpc_service.proto', package='inference')\n"
        "other.message_type.add(name='ServerLiveRequest')\n"
        "pool = descriptor_pool.Default()\n"
        "pool.Add(other)\n"
        "import deployer.serving.grpc.messages as ours\n"
        "theirs = pool.FindMessageTypeByName('inference.ServerLiveRequest')\n"
        "assert ours.message('inference.ServerLiveRequest').DESCRIPTOR is not theirs\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=FOLDER.parents[2])
