"""``deployer key``."""

from datetime import timedelta
from pathlib import Path

import click

from deployer.cli.durations import DURATION
from deployer.cli.options import shared_options
from deployer.cli.output import Output

__all__ = ["key"]


@click.group()
def key() -> None:
    """Make the keys that versions are signed with, and those that clients of a server need.

    \b
    Examples:
      deployer key new signing.pem
      deployer key api new ci --expires 90d
    """  # noqa: D301 - click wants the backspace itself


@key.command("new")
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@shared_options
def new(path: Path, *, output: Output) -> None:
    """Make a signing key: PATH is to be kept secret, PATH.pub is for everybody who pulls.

    The key is on the curve P-256. It is encrypted with the password in
    DEPLOYER_SIGNING_PASSWORD, if that is set. Existing files are never overwritten.

    \b
    Examples:
      deployer key new ~/.config/deployer/signing.pem
      DEPLOYER_SIGNING_PASSWORD=… deployer key new signing.pem -o json
    """  # noqa: D301 - click wants the backspace itself
    from deployer.signing.modes import check_installed, password  # noqa: PLC0415 - as below

    check_installed()
    from deployer.signing.keys import fingerprint, new_key, public_file  # noqa: PLC0415 - slow

    public = public_file(path)
    made = fingerprint(new_key(path, password()))
    if output.json:
        document = {"private_key": str(path), "public_key": str(public), "fingerprint": made}
        output.emit({**document, "encrypted": password() is not None})
    else:
        output.done(f"wrote {path} (secret) and {public}")
        output.fields([("fingerprint", made)])
        output.say(f'sign with it: [signing] mode = "key", private_key = "{path}"')
        output.say(f'believe it:   [signing] mode = "key", public_keys = ["{public}"]')


@key.command("show")
@click.argument("path", metavar="PATH.pub", type=click.Path(path_type=Path))
@shared_options
def show(path: Path, *, output: Output) -> None:
    """Show the fingerprint of a public key: what a verified signature names as its signer.

    \b
    Examples:
      deployer key show signing.pem.pub
    """  # noqa: D301 - click wants the backspace itself
    from deployer.signing.modes import check_installed  # noqa: PLC0415 - as below

    check_installed()
    from deployer.signing.keys import fingerprint, load_public  # noqa: PLC0415 - slow

    public = load_public(path)
    facts = {"fingerprint": fingerprint(public), "curve": public.curve.name}
    if output.json:
        output.emit({"public_key": str(path), **facts})
    else:
        output.fields(facts.items())


@key.group("api")
def api() -> None:
    """Make, list and revoke the keys that `deployer serve` asks its clients for.

    \b
    Examples:
      deployer key api new ci --expires 90d
      deployer key api list
      deployer key api revoke ci
    """  # noqa: D301 - click wants the backspace itself


@api.command("new", short_help="Make an API key for NAME and show it, once.")
@click.argument("name", metavar="NAME")
@click.option("--expires", type=DURATION, help="How long it is good for, such as 90d. [for ever]")
@shared_options
def api_new(name: str, expires: timedelta | None, *, output: Output) -> None:
    """Make an API key for NAME and show it: it is stored as a hash, so nobody can show it again.

    Servers that read the same file know it within a second. Give the others the hash, as
    DEPLOYER_SERVE_KEYS=NAME:SHA256.

    \b
    Examples:
      deployer key api new ci --expires 90d
      deployer key api new router -o json
    """  # noqa: D301 - click wants the backspace itself
    from datetime import UTC, datetime  # noqa: PLC0415 - as below

    from deployer.serving.auth.key_file import new_key, read_keys  # noqa: PLC0415 - slow

    file = _api_keys()
    made = new_key(file, name, now=datetime.now(UTC), expires=expires)
    kept = next(each for each in read_keys(file) if each.name == name)
    if output.json:
        document = {"name": name, "key": made, "sha256": kept.sha256, "file": str(file)}
        output.emit({**document, "expires": kept.expires})
    else:
        output.done(f"wrote its hash to {file}")
        output.fields(
            [("key", made), ("sha256", kept.sha256), ("expires", kept.expires or "never")]
        )
        output.say("this is the only time that the key is shown; send it as X-API-Key")


@api.command("list")
@shared_options
def api_list(*, output: Output) -> None:
    """List the API keys by name; the keys themselves are not known.

    \b
    Examples:
      deployer key api list
    """  # noqa: D301 - click wants the backspace itself
    import time  # noqa: PLC0415 - as below

    from deployer.serving.auth.key_file import read_keys  # noqa: PLC0415 - slow

    file = _api_keys()
    now = time.time()
    keys = [
        {
            "name": each.name,
            "sha256": each.sha256,
            "created": each.created,
            "expires": each.expires,
            "expired": each.expires_at is not None and each.expires_at <= now,
        }
        for each in read_keys(file)
    ]
    if output.json:
        output.emit({"file": str(file), "keys": keys})
    elif not keys:
        output.say(f"no keys in {file}; make one with: deployer key api new NAME")
    else:
        output.table(
            ("name", "sha256", "created", "expires"),
            [
                (
                    each["name"],
                    str(each["sha256"])[:12],
                    each["created"],
                    "expired" if each["expired"] else each["expires"] or "never",
                )
                for each in keys
            ],
        )


@api.command("revoke")
@click.argument("name", metavar="NAME")
@shared_options
def api_revoke(name: str, *, output: Output) -> None:
    """Revoke the API key of NAME: servers that read the file refuse it within a second.

    A hash that is in a server's DEPLOYER_SERVE_KEYS is taken out there.

    \b
    Examples:
      deployer key api revoke ci
    """  # noqa: D301 - click wants the backspace itself
    from deployer.serving.auth.key_file import revoke_key  # noqa: PLC0415 - slow

    file = _api_keys()
    revoke_key(file, name)
    if output.json:
        output.emit({"name": name, "revoked": True, "file": str(file)})
    else:
        output.done(f"revoked {name} in {file}")


def _api_keys() -> Path:
    from deployer.config import load  # noqa: PLC0415 - `key new` needs no settings
    from deployer.serving.auth.key_file import keys_file  # noqa: PLC0415 - slow

    return keys_file(load().settings.serve)
