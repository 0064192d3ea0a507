"""Signing with a key: what is signed is believed, whatever was changed is not; other tools agree."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.config import PASSWORD, Signing
from deployer.errors import DamagedError, UsageError
from deployer.signing import Signed, make_signer, make_verifier
from deployer.signing.key_mode import KeySigner, KeyVerifier
from tests.deployer.registry.registry_kit import folder_of
from tests.deployer.signing.signing_kit import (
    CONTENT,
    FILES,
    SUBJECT,
    Pairs,
    clear,
    fingerprint,
    key,
    pairs,
    private_pem,
    refused,
    rsa_key,
    sha256,
    tool,
    verified,
    write_pair,
)

OTHER = sha256(b"other")


class TestRoundTrip:
    @pytest.mark.parametrize("curve", ["secp256r1", "secp384r1", "secp521r1"])
    def test_each_curve(self, tmp_path: Path, curve: str) -> None:
        private, public = write_pair(tmp_path, key("any", curve))
        made = KeySigner(private, None).sign(SUBJECT, FILES)
        assert verified(KeyVerifier([public]), made) == Signed(
            "manifest", fingerprint(key("any", curve))
        )

    def test_the_order_of_the_files_does_not_matter(
        self, verifier: KeyVerifier, bundle: bytes
    ) -> None:
        assert verified(verifier, bundle, files=FILES[::-1]).covers == "manifest"

    def test_by_settings(
        self, own: tuple[Path, Path], bundle: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(PASSWORD, raising=False)
        private, public = map(str, own)
        signer = make_signer(Signing(mode="key", private_key=private))
        verifier = make_verifier(Signing(mode="key", public_keys=[public]))
        assert signer is not None
        assert verifier is not None
        assert verified(verifier, signer.sign(SUBJECT, FILES)).covers == "manifest"
        assert make_signer(Signing(mode="key", public_keys=[public])) is None
        assert make_verifier(Signing(mode="key", private_key=private)) is None
        assert make_signer(Signing()) is None
        assert make_verifier(Signing()) is None

    def test_a_password(
        self, tmp_path: Path, verifier: KeyVerifier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "key.pem"
        path.write_bytes(private_pem(key("own"), b"hunter2"))
        wanted = Signing(mode="key", private_key=str(path))
        monkeypatch.setenv(PASSWORD, "hunter2")
        signer = make_signer(wanted)
        assert signer is not None
        assert verified(verifier, signer.sign(SUBJECT, FILES)).covers == "manifest"
        for given_, advice in (("", f"set {PASSWORD}"), ("wrong", "deployer key new")):
            monkeypatch.setenv(PASSWORD, given_)
            with pytest.raises(UsageError) as caught:
                make_signer(wanted)
            assert "hunter2" not in clear(caught.value)
            assert advice in caught.value.hint

    def test_several_keys_are_trusted(self, own: tuple[Path, Path], tmp_path: Path) -> None:
        """While a key is replaced, signatures of both must pass, in whatever order they stand."""
        new = write_pair(tmp_path, key("new"), "new")
        for public in ([own[1], new[1]], [new[1], own[1]]):
            both = KeyVerifier(public)
            for private, _ in (own, new):
                made = KeySigner(private, None).sign(SUBJECT, FILES)
                assert verified(both, made).covers == "manifest"
                unnamed = json.loads(made) | {"verificationMaterial": {"publicKey": {}}}
                assert verified(both, json.dumps(unnamed).encode()).covers == "manifest"

    def test_no_file_at_all(self, signer: KeySigner, verifier: KeyVerifier) -> None:
        made = signer.sign(SUBJECT, [])
        assert verified(verifier, made, files=[]).covers == "manifest"
        assert "'model.onnx' is not signed" in refused(verifier, made)

    @pytest.mark.parametrize("path", ["./a", "a//b", "a/", "a/./b"])
    def test_a_path_that_the_library_would_change_is_not_signed(
        self, signer: KeySigner, path: str
    ) -> None:
        with pytest.raises(DamagedError):
            signer.sign(SUBJECT, [(path, OTHER)])

    def test_a_path_twice_is_not_signed(self, signer: KeySigner) -> None:
        with pytest.raises(DamagedError):
            signer.sign(SUBJECT, [*FILES, FILES[0]])

    def test_nothing_reaches_stdout(
        self, signer: KeySigner, verifier: KeyVerifier, capfd: pytest.CaptureFixture[str]
    ) -> None:
        made = signer.sign(SUBJECT, FILES)
        old = json.loads(made)
        old["verificationMaterial"] = {"publicKey": {"rawBytes": "AAAA", "keyDetails": "x"}}
        verified(verifier, made)
        verified(verifier, json.dumps(old).encode())
        refused(verifier, made, files=[])
        refused(verifier, made.replace(b"hint", b"hunt"))
        assert capfd.readouterr() == ("", "")


CHANGES: dict[str, tuple[Callable[[Pairs], Pairs], str]] = {
    "a digest": (lambda f: [(f[0][0], OTHER), *f[1:]], "'model.onnx' is not the one"),
    "two contents swapped": (
        lambda f: [(f[0][0], f[1][1]), (f[1][0], f[0][1]), *f[2:]],
        "'model.onnx' is not the one",
    ),
    "one added": (lambda f: [*f, ("new.py", OTHER)], "'new.py' is not signed"),
    "one of git's added": (lambda f: [*f, (".gitattributes", OTHER)], "not signed"),
    "one in git's folder": (lambda f: [*f, (".git/hooks/pre-commit", OTHER)], "not signed"),
    "one removed": (lambda f: f[1:], "'model.onnx' is missing"),
    "all removed": (lambda f: [], "is missing"),
    "one renamed": (lambda f: [("model.bin", f[0][1]), *f[1:]], "'model.bin' is not signed"),
    "one in other letters": (lambda f: [("Model.onnx", f[0][1]), *f[1:]], "is not signed"),
    "one moved": (lambda f: [("data/model.onnx", f[0][1]), *f[1:]], "is not signed"),
    "one spelled otherwise": (lambda f: [("./model.onnx", f[0][1]), *f[1:]], "is not signed"),
    "one twice": (lambda f: [*f, f[0]], "twice"),
    "one twice, differently": (lambda f: [(f[0][0], OTHER), *f], "twice"),
}


class TestRefused:
    @pytest.mark.parametrize("change", CHANGES)
    def test_other_files(self, verifier: KeyVerifier, bundle: bytes, change: str) -> None:
        changed, told = CHANGES[change]
        assert told in refused(verifier, bundle, files=changed(FILES))

    @pytest.mark.parametrize(
        "subject",
        [
            f"penguins@sha256:{'cd' * 32}",
            f"walruses@sha256:{'ab' * 32}",
            "penguins",
            "",
        ],
        ids=["another manifest", "another model", "no manifest", "nothing"],
    )
    def test_another_subject(self, verifier: KeyVerifier, bundle: bytes, subject: str) -> None:
        """A signature of one manifest must not fall back to covering the files of another."""
        assert "it is of" in refused(verifier, bundle, subject=subject)

    def test_another_key(self, tmp_path: Path, verifier: KeyVerifier) -> None:
        stranger, _ = write_pair(tmp_path, key("stranger"))
        made = KeySigner(stranger, None).sign(SUBJECT, FILES)
        assert "no key that is trusted" in refused(verifier, made)

    def test_another_key_that_claims_to_be_ours(
        self, tmp_path: Path, verifier: KeyVerifier
    ) -> None:
        stranger, _ = write_pair(tmp_path, key("stranger"))
        document = json.loads(KeySigner(stranger, None).sign(SUBJECT, FILES))
        for hint in ({"hint": fingerprint(key("own"))}, {"hint": ""}, {}):
            document["verificationMaterial"]["publicKey"] = hint
            assert "another key made it" in refused(verifier, json.dumps(document).encode())


class TestKeysThatCannotBeUsed:
    @pytest.mark.parametrize("private", [key("k", "secp256k1"), rsa_key()], ids=["koblitz", "rsa"])
    def test_kinds(self, tmp_path: Path, private: object) -> None:
        paths = write_pair(tmp_path, private)
        for use in (lambda: KeySigner(paths[0], None), lambda: KeyVerifier([paths[1]])):
            with pytest.raises(UsageError) as caught:
                use()
            assert "P-256" in clear(caught.value)

    @pytest.mark.parametrize("content", [b"", b"\xff\x00", b"-----BEGIN PUBLIC KEY-----\n"])
    def test_garbage(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "key"
        path.write_bytes(content)
        for use in (lambda: KeySigner(path, None), lambda: KeyVerifier([path])):
            with pytest.raises(UsageError) as caught:
                use()
            assert caught.value.where == str(path)
            clear(caught.value)

    def test_the_wrong_half(self, own: tuple[Path, Path]) -> None:
        with pytest.raises(UsageError, match="not a private key"):
            KeySigner(own[1], None)
        with pytest.raises(UsageError, match="not a public key"):
            KeyVerifier([own[0]])

    def test_missing(self, tmp_path: Path) -> None:
        for use in (lambda: KeySigner(tmp_path / "no", None), lambda: KeyVerifier([tmp_path])):
            with pytest.raises(UsageError, match="cannot be read"):
                use()


class TestOtherTools:
    """OpenSSF's own command line and this package take each other's signatures."""

    def test_ours_for_theirs(self, tmp_path: Path, own: tuple[Path, Path], bundle: bytes) -> None:
        folder = folder_of(tmp_path / "pulled", CONTENT)
        (tmp_path / "sig").write_bytes(bundle)
        command: list[str | Path] = [
            "verify",
            "key",
            folder,
            "--signature",
            tmp_path / "sig",
            "--public_key",
            own[1],
        ]
        done = tool(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "succeeded" in done.stdout
        (folder / "model.onnx").write_bytes(b"other")
        assert tool(*command).returncode != 0

    def test_theirs_for_ours(
        self, tmp_path: Path, own: tuple[Path, Path], verifier: KeyVerifier
    ) -> None:
        folder = folder_of(tmp_path / "model", CONTENT)
        done = tool("sign", "key", folder, "--signature", tmp_path / "s", "--private_key", own[0])
        assert done.returncode == 0, done.stdout + done.stderr
        made = (tmp_path / "s").read_bytes()
        assert verified(verifier, made) == Signed("files", fingerprint(key("own")))
        # Their tool leaves git's files unsigned, so here they are strangers.
        more = pairs(CONTENT | {".gitattributes": b"x"})
        assert "'.gitattributes' is not signed" in refused(verifier, made, files=more)

    def test_theirs_with_paths_ignored(
        self, tmp_path: Path, own: tuple[Path, Path], verifier: KeyVerifier
    ) -> None:
        folder = folder_of(tmp_path / "model", CONTENT | {"evil.py": b"x"})
        options: list[str | Path] = ["--signature", tmp_path / "s", "--private_key", own[0]]
        done = tool("sign", "key", folder, *options, "--ignore-paths", folder / "evil.py")
        assert done.returncode == 0, done.stdout + done.stderr
        made = (tmp_path / "s").read_bytes()
        assert verified(verifier, made).covers == "files"
        more = pairs(CONTENT | {"evil.py": b"x"})
        assert "'evil.py' is not signed" in refused(verifier, made, files=more)


names = st.text("abcé.-_ ~日", min_size=1, max_size=8).filter(lambda n: n.strip(". ") == n)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Pairs, Pairs]:
    """Draw files and the same with one change."""
    before = draw(st.dictionaries(paths, digests, min_size=1, max_size=6))
    after = dict(before)
    victim = draw(st.sampled_from(sorted(before)))
    match draw(st.sampled_from(["add", "remove", "rename", "change", "swap"])):
        case "add":
            after[draw(paths.filter(lambda p: p not in before))] = draw(digests)
        case "remove":
            del after[victim]
        case "rename":
            after[draw(paths.filter(lambda p: p not in before))] = after.pop(victim)
        case "change":
            after[victim] = draw(digests.filter(lambda d: d != before[victim]))
        case _:
            other = draw(st.sampled_from(sorted(before)))
            after[victim], after[other] = after[other], after[victim]
            if after == before:
                after[victim] = draw(digests.filter(lambda d: d != before[victim]))
    return list(before.items()), list(after.items())


@settings(max_examples=60, deadline=None)
@given(mutated())
def test_one_change_of_any_files_is_noticed(
    signer: KeySigner, verifier: KeyVerifier, drawn: tuple[Pairs, Pairs]
) -> None:
    before, after = drawn
    made = signer.sign(SUBJECT, before)
    assert verified(verifier, made, files=before).covers == "manifest"
    refused(verifier, made, files=after)
