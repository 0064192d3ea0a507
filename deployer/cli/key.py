"""``deployer key``."""

from pathlib import Path

import click

from deployer.cli.options import shared_options
from deployer.cli.output import Output

__all__ = ["key"]


@click.group()
def key() -> None:
    """Make the keys that versions are signed with."""


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
