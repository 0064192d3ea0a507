"""A program that cannot be followed is told in one line, its own exceptions with its line."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from infra.resources import SECRET, Place
from infra.review.errors import ReviewError
from infra.review.record import Job, record, record_all
from tests.infra.review.recorder_kit import PROGRAMS, TIMEOUT, one, run

LINE = 2  # where the programs below go wrong


def refused(folder: Path, text: str, **options: object) -> ReviewError:
    with pytest.raises(ReviewError) as caught:
        run(folder, text, **options)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("typescript", "unsupported", "written in JavaScript or TypeScript"),
        ("yaml_program", "unsupported", "written in YAML"),
        ("automation", "unsupported", "Automation API"),
        ("missing_package.py", "missing", "pip install pulumi-kubernetes"),
        ("missing_configuration", "missing", "write `billing:limit: VALUE`"),
        ("nowhere", "missing", "there is no"),
        ("../programs", "unsupported", "not a program"),
    ],
)
def test_what_cannot_be_followed_is_one_clear_line(name: str, kind: str, text: str) -> None:
    with pytest.raises(ReviewError, match=text) as caught:
        record(PROGRAMS / name, timeout=TIMEOUT)
    assert caught.value.kind == kind
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("import pulumi_aws as aws\naws.sqs.Queue('x', nme='y')", "program", "TypeError: .* 'nme'"),
        ("import pulumi_aws as aws\naws.sqs.Queue('x', tags=object())", "program", "for tags in"),
        (
            "import pulumi\npulumi.Output.from_input(1).apply(lambda x: x / 0)",
            "program",
            "division",
        ),
        ("import pulumi\ndef f(:", "program", "SyntaxError"),
        ("import sys\nsys.exit(3)", "program", r"exit\(3\)"),
        ("import urllib.request\nurllib.request.urlopen('http://1.2.3.4')", "network", "1.2.3.4"),
        ("import socket\nsocket.getaddrinfo('example.com', 80)", "network", "example.com"),
        ("import subprocess\nsubprocess.run(['git', 'log'])", "unsupported", r"\(git\)"),
        ("import os\nos.system('true')", "unsupported", "another program"),
        ("import os\nos.execv('/bin/true', ['true'])", "unsupported", "/bin/true"),
    ],
)
def test_an_exception_is_shown_with_its_line(
    tmp_path: Path, text: str, kind: str, message: str
) -> None:
    error = refused(tmp_path, text)
    assert error.kind == kind
    assert error.place == Place("program.py", LINE)
    assert re.search(message, error.message)


def test_an_exception_behind_an_apply_keeps_its_line(tmp_path: Path) -> None:
    text = """import pulumi
def fail(value):
    raise KeyError(value)
first = pulumi.Output.from_input("a").apply(fail)
pulumi.export("a", pulumi.Output.secret(first))
pulumi.export("b", first)
"""
    error = refused(tmp_path, text)
    assert error.place == Place("program.py", 3)
    assert error.message == "KeyError: 'a'"


def test_native_code_reaches_no_network_either(tmp_path: Path) -> None:
    text = """import ctypes, os, pulumi
library = ctypes.CDLL(None, use_errno=True)
made = library.socket(2, 1, 0)
pulumi.export("socket", [made, os.strerror(ctypes.get_errno())])
"""
    try:
        program = run(tmp_path, text)
    except ReviewError as error:  # where the kernel has no filter, the library is refused
        assert error.kind in {"network", "unsupported"}  # noqa: PT017 - either will do
    else:
        assert program.outputs == {"socket": [-1, "Permission denied"]}


def test_a_refusal_that_the_program_bears_is_noted(tmp_path: Path) -> None:
    text = """import socket
try:
    socket.create_connection(("10.0.0.1", 80))
except OSError:
    pass
"""
    program = run(tmp_path, text)
    assert "10.0.0.1) at program.py:3, was refused and went on" in program.notes[0]
    assert "the program makes no resources" in program.notes


def test_a_program_that_hangs_is_ended_and_its_line_told(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    text = f"""import os, time
open({str(marker)!r}, "w").write(str(os.getpid()))
if os.fork() == 0:
    while True: time.sleep(0.01)
def wait():
    while True:
        time.sleep(0.01)
wait()
"""
    error = refused(tmp_path, text, timeout=5.0)
    assert error.kind == "timeout"
    assert error.place == Place("program.py", 7)
    pid = int(marker.read_text())
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _group(pid):
        time.sleep(0.01)
    assert not _group(pid)


def _group(pid: int) -> bool:
    """Return whether any process of a group is still running."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-g", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    return any(not each.startswith("Z") for each in listed)


def test_noise_threads_and_an_early_end_are_survived(tmp_path: Path) -> None:
    text = """import os, sys, threading, time
import pulumi
print("noise" * 100000)
os.write(1, b"x" * 100000)
os.chdir("/")
threading.Thread(target=lambda: time.sleep(600)).start()
if os.fork() == 0:
    time.sleep(600)
pulumi.export("a", 1)
sys.exit(0)
"""
    program = run(tmp_path, text)
    assert "the program ended itself before its end" in program.notes
    assert not (tmp_path / "__pycache__").exists()


def test_a_process_that_ends_itself_is_told(tmp_path: Path) -> None:
    assert "code 4" in refused(tmp_path, "import os\nos._exit(4)").message
    # What it forked must not answer for it.
    forked = "import os\npid = os.fork()\nif pid:\n    os.waitpid(pid, 0)\n    os._exit(5)"
    assert "code 5" in refused(tmp_path, forked).message
    killed = refused(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert f"code -{int(signal.SIGKILL)}" in killed.message


def test_secrets_are_in_no_message(tmp_path: Path) -> None:
    text = """import pulumi
password = pulumi.Config().require("password")
raise ValueError(f"cannot log in with {password}")
"""
    config = {"password": "correct horse battery"}
    error = refused(tmp_path, text, config=config, secrets=frozenset({"password"}))
    assert error.message == "ValueError: cannot log in with [secret]"


def test_secrets_of_the_environment_do_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "correct horse battery")
    monkeypatch.setenv("SHOP_COLOUR", "blue")
    text = """import os, pulumi
secret, colour = os.environ["SHOP_PASSWORD"], os.environ["SHOP_COLOUR"]
pulumi.export("mail", f"log in with {secret}")
pulumi.export("known", "horse" in secret)
pulumi.export("colour", colour)
"""
    outputs = run(tmp_path, text).outputs
    assert outputs == {"mail": SECRET, "known": False, "colour": "blue"}


def test_outputs_of_other_stacks_are_taken_from_the_caller(tmp_path: Path) -> None:
    text = """import pulumi
import pulumi_aws as aws
other = pulumi.StackReference("acme/network/dev")
aws.sqs.Queue("q", tags={"vpc": other.require_output("vpc"), "x": other.get_output("none")})
"""
    program = run(tmp_path, text, stack_outputs={"acme/network/dev": {"vpc": "vpc-1"}})
    assert one(program, "aws:sqs/queue:Queue").inputs == {"tags": {"vpc": "vpc-1", "x": None}}
    assert program.notes == ()


def test_jobs_side_by_side_keep_their_order_and_tell_the_first_failure(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.py").write_text(f"import pulumi\npulumi.export('n', {name!r})\n")
    jobs = [Job(tmp_path / f"{name}.py", cloud=name) for name in ("one", "two", "three")]
    assert [each.outputs["n"] for each in record_all(jobs)] == ["one", "two", "three"]
    (tmp_path / "two.py").write_text("1 / 0\n")
    with pytest.raises(ReviewError, match=r"two\.py:1: ZeroDivisionError"):
        record_all(jobs)
    assert record_all([]) == []


def test_packages_methods_hooks_and_transforms_that_wait(tmp_path: Path) -> None:
    text = """import pulumi, pulumi_aws as aws
vpc = pulumi.ComponentResource("awsx:ec2:Vpc", "vpc", {"cidr": "10.0.0.0/16"}, None, True)
east = aws.Provider("east", region="us-east-1")
zones = aws.get_availability_zones_output(opts=pulumi.InvokeOptions(provider=east))
hooks = pulumi.ResourceHookBinding(after_create=[pulumi.ResourceHook("h", lambda args: None)])
first = aws.sqs.Queue("first", tags={"zone": zones.names[1]},
                      opts=pulumi.ResourceOptions(hooks=hooks))
def transform(args):
    args.props["tags"] = {"late": late.arn}
    return pulumi.ResourceTransformResult(args.props, args.opts)
for at in range(3):
    aws.sqs.Queue(f"q{at}", opts=pulumi.ResourceOptions(transforms=[transform]))
late = aws.sns.Topic("late")
pulumi.export("called", pulumi.runtime.call("aws:x:Y/method", {}, first))
"""
    program = run(tmp_path, text, timeout=30.0)
    queue = "aws:sqs/queue:Queue"
    assert [each.name for each in program] == ["vpc", "east", "first", "q0", "q1", "q2", "late"]
    assert one(program, queue, "first").inputs["tags"] == {"zone": "us-east-1b"}
    topic = one(program, "aws:sns/topic:Topic")
    last = one(program, queue, "q2")
    assert last.inputs["tags"] == {"late": "${aws:sns/topic:Topic::late.arn}"}
    assert last.references == {"tags": (topic.urn,)}
    assert last.depends_on == (topic.urn,)
    assert program.outputs == {"called": {"$computed": True}}
    assert program.notes == (
        "awsx:ec2:Vpc 'vpc' is a component of a package: what it makes inside cannot be seen",
        "method aws:x:Y/method is not called: its answer is not known",
    )


def test_a_configuration_of_the_wrong_kind_is_the_programs_error(tmp_path: Path) -> None:
    text = "import pulumi\npulumi.Config().require_int('size')\n"
    error = refused(tmp_path, text, config={"size": "many"})
    assert (error.kind, error.place) == ("program", Place("program.py", LINE))
    assert "program:size" in error.message


def test_texts_cut_from_placeholders_are_still_shown_as_such(tmp_path: Path) -> None:
    text = """import pulumi, pulumi_aws as aws
made = aws.sqs.Queue("made")
out = {
    "upper": made.arn.apply(str.upper),
    "last": made.arn.apply(lambda arn: arn.split("/")[-1]),
    "twice": pulumi.Output.concat(made.arn, "|", made.url),
    "host": made.url.apply(lambda url: url.removeprefix("https://").split(".")[0]),
    "list": made.arn.apply(lambda arn: [arn, {"k": arn}]),
}
for name, value in out.items():
    pulumi.export(name, value)
"""
    arn, url = "${aws:sqs/queue:Queue::made.arn}", "${aws:sqs/queue:Queue::made.url}"
    outputs = run(tmp_path, text).outputs
    assert outputs.pop("upper").endswith(arn)
    assert outputs == {"last": arn, "twice": f"{arn}|{url}", "host": url, "list": [arn, {"k": arn}]}


def test_a_program_beside_a_package_called_as_ours_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "infra"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "names.py").write_text("import pulumi\npulumi.export('name', 'theirs')\n")
    (package / "resources.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    assert run(tmp_path, "import infra.names").outputs == {"name": "theirs"}
    error = refused(tmp_path, "import pulumi\nimport infra.resources\n")
    assert str(error) == "infra/resources.py:1: ZeroDivisionError: division by zero"
    assert not (package / "__pycache__").exists()


def test_encrypted_configuration_taints_what_is_made_of_it(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: paint\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  paint:colour:\n    secure: v1:aa\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {}\n")
    text = """import pulumi
colour = pulumi.Config().require("colour")
pulumi.export("wall", {"note": [f"paint it {colour}"]})
pulumi.export("length", len(colour) > 3)
"""
    program = run(tmp_path, text)
    assert program.outputs == {"wall": {"note": [SECRET]}, "length": True}
    assert program.stack == "dev"
    assert "reviewed as stack dev; there are also prod" in program.notes


def test_what_the_program_calls_a_secret_is_one_whatever_it_looks_like(tmp_path: Path) -> None:
    text = """import pulumi, pulumi_aws as aws
word = pulumi.Output.secret("blue")
queue = aws.sqs.Queue("q", tags={"colour": word, "plain": "red"},
                      opts=pulumi.ResourceOptions(additional_secret_outputs=["url"]))
pulumi.export("colour", pulumi.Output.concat("it is ", word))
pulumi.export("url", queue.url)
"""
    program = run(tmp_path, text)
    queue = one(program, "aws:sqs/queue:Queue")
    assert queue.inputs["tags"] == {"colour": SECRET, "plain": "red"}
    assert program.outputs == {"colour": SECRET, "url": SECRET}


def test_inputs_that_come_out_in_another_shape(tmp_path: Path) -> None:
    text = """import pulumi
from pulumi_azure_native import storage
from pulumi_aws import s3
account = storage.StorageAccount("a", resource_group_name="g", kind="StorageV2",
    sku={"name": "Standard_LRS"},
    identity={"type": "UserAssigned", "user_assigned_identities": ["/subscriptions/1/x"]})
pulumi.export("who", account.identity.apply(
    lambda each: list(each.user_assigned_identities.values())[0].principal_id))
policy = s3.BucketPolicy("p", bucket="b", policy={"Statement": []})
pulumi.export("policy", policy.policy)
"""
    program = run(tmp_path, text)
    assert program.outputs["policy"] == '{"Statement": []}'
    assert program.outputs["who"].startswith("${azure-native:storage:StorageAccount::a.identity.")
