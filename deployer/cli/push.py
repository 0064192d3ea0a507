"""``deployer push``."""

import sys
from pathlib import Path

import click

from deployer.cli.audited import audited
from deployer.cli.clouds import cloud_options, required_number
from deployer.cli.forcing import refuse_guarded
from deployer.cli.options import shared_options
from deployer.cli.output import Output, human_bytes, human_files
from deployer.cli.places import keep_out
from deployer.cli.progress import CloudProgress
from deployer.cli.signatures import bundle_in, signer_for, verifier_for
from deployer.config import Settings, state_dir
from deployer.errors import ExitCode
from deployer.publishing import facts_of
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import check_alias, check_name
from deployer.registry.publishing.plan import Plan, plan
from deployer.registry.publishing.publish import publish
from deployer.registry.publishing.request import Published, Request
from deployer.registry.residency.rules import check_binding

__all__ = ["push"]


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("name", metavar="NAME[:ALIAS]")
@click.option("--alias", "aliases", multiple=True, help="Point this alias at it too; repeatable.")
@click.option(
    "--require", metavar="all|majority|N", help="How many clouds must have it. [push require: all]"
)
@click.option("--home", metavar="CLOUD", help="The cloud that orders publishes, on the first push.")
@click.option("--residency", metavar="EU,…", help="Regions that the model is bound to.")
@click.option("--sign/--no-sign", default=None, help="Sign it; default: if a key is configured.")
@click.option(
    "--signature",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Use this signature, made by `model_signing sign`.",
)
@click.option("--note", help="Why; kept in the history.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent where; write nothing.")
@shared_options
@cloud_options
def push(
    path: Path,
    name: str,
    *,
    aliases: tuple[str, ...],
    require: str | None,
    home: str | None,
    residency: str | None,
    sign: bool | None,
    signature: Path | None,
    note: str | None,
    dry_run: bool,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Publish a model to every cloud as one version.

    PATH is the model's folder. Every file is read and hashed once and sent to all clouds at once;
    content that a cloud has is not sent again. Nobody sees the version on a cloud before all of
    it is there. Interrupted or failed? Run the same command again: it finishes the work.

    Exits with 10 if --require lets fewer clouds be enough and one is behind; the last line says what
    brings it up.

    \b
    Examples:
      deployer push model/ penguins --clouds aws,gcp,azure
      deployer push model/ penguins:champion --dry-run
      deployer push model/ penguins --require majority -o json
      deployer push model/ penguins --residency eu --clouds aws,gcp
    """  # noqa: D301 - click wants the backspace itself
    model, colon, tag = name.partition(":")
    check_name(model)
    request = Request(
        model=model,
        root=path,
        facts=facts_of(path, residency=_residency(residency, model, settings)),
        aliases=tuple(dict.fromkeys(check_alias(a) for a in (*aliases, *([tag] if colon else [])))),
        clouds=clouds,
        home=home or settings.push.home,
        require=required_number(settings.push.require if require is None else require, len(clouds)),
        state=state_dir(),
        signer=signer_for(settings, sign=False if signature else sign),
        verifier=verifier_for(settings),
        bundle=bundle_in(signature, settings),
        keep_out=keep_out(settings),
        note=note,
    )
    if dry_run:
        refuse_guarded(settings, model, request.aliases)
        _show_plan(plan(request), clouds, output)
        return
    with audited(output, "push", clouds=[cloud.name for cloud in clouds]) as act:
        act.model = model
        refuse_guarded(settings, model, request.aliases)
        with CloudProgress(output, "complete") as progress:
            published = publish(request, progress)
        act.version, act.digest = published.version, published.manifest
        act.detail = _behind(published)
    if output.json:
        output.emit(_document(published))
    else:
        _print(published, clouds, output)
    if published.behind:
        for cloud, error in published.behind.items():
            hint = f" — {error.hint}" if error.hint else ""
            output.warn(f"{cloud} is behind: {error}{hint}")
        output.warn(f"once it is back, run: {_repair_command(published)}")
        sys.exit(ExitCode.PARTIAL)


def _behind(published: Published) -> str:
    return f"behind: {', '.join(published.behind)}" if published.behind else ""


def _repair_command(published: Published) -> str:
    clouds = ",".join(dict.fromkeys((published.home, *published.behind)))
    # Named as well, or they would stay where they were there: a version brings no alias along.
    aliases = [f"{published.model}@{alias}" for alias in published.aliases]
    names = " ".join((f"{published.model}:{published.version}", *aliases))
    return f"deployer repair {names} --clouds {clouds}"


def _residency(text: str | None, model: str, settings: Settings) -> tuple[str, ...] | None:
    """Return what the user binds the model to; None leaves it as it was."""
    regions = [cloud.region for cloud in settings.clouds.values() if cloud.region]
    if text is not None:
        return check_binding([entry for entry in text.split(",") if entry.strip()], regions)
    configured = settings.models.get(model)
    return check_binding(configured.residency, regions) if configured else None


def _show_plan(planned: Plan, clouds: list[Cloud], output: Output) -> None:
    if output.json:
        output.emit(
            {
                "model": planned.model,
                "version": planned.version,
                "created": planned.created,
                "home": planned.home,
                "signed": planned.signs,
                "residency": list(planned.residency),
                "files": planned.files,
                "bytes": planned.size,
                "clouds": {
                    name: {
                        "joins": each.joins,
                        "send": each.send,
                        "send_bytes": each.send_bytes,
                        "reuse": each.reuse,
                        "reuse_bytes": each.reuse_bytes,
                    }
                    for name, each in planned.clouds.items()
                },
                "failed": {name: str(error) for name, error in planned.failed.items()},
            }
        )
        return
    rows = []
    for cloud in clouds:
        each = planned.clouds.get(cloud.name)
        if each is None:
            rows.append([cloud.name, cloud.store.url, "unreachable", "", ""])
            continue
        state = "joins" if each.joins else "home" if cloud.name == planned.home else ""
        rows.append(
            [
                cloud.name,
                cloud.store.url,
                state,
                f"{human_files(each.send)}, {human_bytes(each.send_bytes)}",
                f"{human_files(each.reuse)}, {human_bytes(each.reuse_bytes)}",
            ]
        )
    verb = "would be" if planned.created else "is already"
    output.done(
        f"{planned.model}:{planned.version} {verb} published "
        f"({human_files(planned.files)}, {human_bytes(planned.size)}); nothing was written"
    )
    output.table(["cloud", "store", "state", "would send", "would reuse"], rows)
    for name, error in planned.failed.items():
        output.warn(f"{name}: {error}")


def _document(published: Published) -> dict[str, object]:
    return {
        "model": published.model,
        "version": published.version,
        "manifest": f"sha256:{published.manifest}",
        "created": published.created,
        "signed": published.signed,
        "home": published.home,
        "files": published.files,
        "bytes": published.size,
        "aliases": list(published.aliases),
        "clouds": {
            name: {"sent": sent.sent, "sent_bytes": sent.sent_bytes, "reused": sent.reused}
            for name, sent in published.sent.items()
        },
        "behind": {name: str(error) for name, error in published.behind.items()},
        "repair": _repair_command(published) if published.behind else None,
    }


def _print(published: Published, clouds: list[Cloud], output: Output) -> None:
    rows = []
    for cloud in clouds:
        sent = published.sent.get(cloud.name)
        state = "behind" if cloud.name in published.behind else "complete"
        role = "home" if cloud.name == published.home else ""
        if sent is None:
            rows.append([cloud.name, cloud.store.url, state, role, "", ""])
        else:
            amount = f"{human_files(sent.sent)}, {human_bytes(sent.sent_bytes)}"
            rows.append(
                [cloud.name, cloud.store.url, state, role, amount, human_files(sent.reused)]
            )
    verb = "published" if published.created else "already there:"
    output.done(
        f"{verb} {published.model}:{published.version} "
        f"({human_files(published.files)}, {human_bytes(published.size)}), "
        f"aliases {', '.join(published.aliases)}{', signed' if published.signed else ''}"
    )
    output.table(["cloud", "store", "state", "role", "sent", "reused"], rows)
    output.out.print(f"manifest sha256:{published.manifest}", markup=False)
