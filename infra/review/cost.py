"""What programs would cost a month: an estimate from public list prices and assumptions."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from infra.configuration import EndpointConfig
from infra.resources import Place, Program, Resource
from infra.review.cost_aws import AWS, AWS_FREE
from infra.review.cost_azure import AZURE, AZURE_FREE
from infra.review.cost_gcp import GCP, GCP_FREE
from infra.review.estimates import Context, Need
from infra.review.pricing import Prices, Source
from infra.review.tokens import dig, plain
from infra.review.usage import Usage, usage_of

__all__ = ["Cost", "Item", "Line", "cost"]

_ESTIMATES = {**AWS, **GCP, **AZURE}
_FREE = (
    *AWS_FREE,
    *GCP_FREE,
    *AZURE_FREE,
    "pulumi:",
    "pulumi-python:",
    "random:",
    "tls:",
    "command:",
    "local:",
)
_CLOUDS = {"aws": "aws", "gcp": "gcp", "azure-native": "azure", "azure": "azure"}


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """Part of a line.

    Attributes:
        what: for people.
        quantity: a month.
        unit: of the quantity.
        price: of one unit.
        amount: a month.
        source: key of the price's source.
        note: whose price it is, where it is another region's.

    """

    what: str
    quantity: float
    unit: str
    price: float
    amount: float
    source: str
    note: str = ""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one resource costs, or what is carried.

    Attributes:
        cloud: that it is paid to.
        name: of the resource, or what it is.
        amount: a month.
        type: of the resource; "" if it is none.
        urn: of the resource; "" if it is none.
        items: what it is made of.
        place: source line.

    """

    cloud: str
    name: str
    amount: float
    type: str = ""
    urn: str = ""
    items: tuple[Item, ...] = ()
    place: Place | None = None


class Cost(msgspec.Struct, frozen=True, omit_defaults=True):
    """An estimate.

    Attributes:
        currency: ISO 4217 code.
        as_of: of the prices.
        note: what the prices leave out.
        total: a month.
        clouds: cloud → amount a month.
        lines: what costs something, the dearest first.
        free: how many resources have no price of their own.
        not_estimated: type → how many resources, of types without an estimate.
        usage: cloud → what was assumed.
        sources: key → where prices are from, of those that were used.

    """

    currency: str
    as_of: str
    note: str
    total: float
    clouds: dict[str, float]
    lines: tuple[Line, ...] = ()
    free: int = 0
    not_estimated: dict[str, int] = {}
    usage: dict[str, Usage] = {}
    sources: dict[str, Source] = {}


def cost(
    programs: Sequence[Program],
    prices: Prices,
    configs: Mapping[str, EndpointConfig] | None = None,
    *,
    assume: Mapping[str, object] | None = None,
) -> Cost:
    """Return what programs would cost a month, with what is carried to the internet and between.

    Args:
        programs: of which the first is the registry's home, that new versions are fetched from.
        prices: what things cost.
        configs: cloud → configuration, of our own programs.
        assume: field of `Usage` → number, in place of what is usual.

    Raises:
        ValueError: `assume` has a field that there is not, or no number.

    """
    lines: list[Line] = []
    missing: dict[str, int] = {}
    free = 0
    used: dict[str, Usage] = {}
    for program in programs:
        name = program.cloud or program.project
        assumed = usage_of((configs or {}).get(program.cloud), assume or {})
        used[name] = assumed
        context = Context(program, assumed, Counter(plain(each.type) for each in program))
        for resource in program:
            if resource.component or _is_free(resource):
                free += not resource.component
                continue
            needs = _needs(resource, context)
            if needs is None:
                missing[plain(resource.type)] = missing.get(plain(resource.type), 0) + 1
                continue
            cloud = _CLOUDS.get(resource.package, name)
            lines.append(_line(resource, cloud, _region(resource, program), needs, prices))
    lines += _carried(programs, prices, used)
    lines = sorted(
        (each for each in lines if each.items),
        key=lambda each: (-each.amount, each.cloud, each.urn),
    )
    clouds = {each.cloud: 0.0 for each in programs if each.cloud}
    for each in lines:
        clouds[each.cloud] = clouds.get(each.cloud, 0.0) + each.amount
    sources = sorted({item.source for each in lines for item in each.items})
    return Cost(
        prices.currency,
        prices.as_of,
        prices.note,
        sum(clouds.values()),
        clouds,
        tuple(lines),
        free,
        dict(sorted(missing.items())),
        used,
        {key: prices.sources[key] for key in sources if key in prices.sources},
    )


def _is_free(resource: Resource) -> bool:
    token = plain(resource.type)
    return token not in _ESTIMATES and token.startswith(_FREE)


def _needs(resource: Resource, context: Context) -> list[Need] | None:
    estimate = _ESTIMATES.get(plain(resource.type))
    return None if estimate is None else list(estimate(resource, context))


def _region(resource: Resource, program: Program) -> str:
    for name in ("region", "location"):
        found = dig(resource.inputs, name)
        if isinstance(found, str) and found != "global":
            return found.lower()
    return program.region


def _items(needs: Sequence[Need], region: str, prices: Prices) -> tuple[Item, ...]:
    items = []
    for need in needs:
        found = prices.find(need.key, region)
        if found is not None and need.quantity > 0:
            quantity = round(need.quantity, 6)
            total = need.quantity * found.amount
            items.append(
                Item(need.what, quantity, found.unit, found.amount, total, found.source, found.note)
            )
    return tuple(items)


def _line(
    resource: Resource, cloud: str, region: str, needs: Sequence[Need], prices: Prices
) -> Line:
    items = _items(needs, region, prices)
    return Line(
        cloud,
        resource.name,
        sum(each.amount for each in items),
        resource.type,
        resource.urn,
        items,
        resource.place,
    )


def _carried(programs: Sequence[Program], prices: Prices, used: Mapping[str, Usage]) -> list[Line]:
    """Return lines for answers to the internet, and for new versions from the home to the others.

    A push uploads to every cloud, which none of them charges for; a repair, or a cloud that was
    away, fetches from the home: the estimate takes all new versions to go that way.
    """
    lines = []
    known = [each for each in programs if each.cloud in ("aws", "gcp", "azure")]
    for program in known:
        usage = used[program.cloud]
        need = Need("answers", usage.egress_gb, f"{program.cloud}.egress")
        items = _items([need], program.region, prices)
        total = sum(each.amount for each in items)
        lines.append(Line(program.cloud, "egress to the internet", total, items=items))
    if len(known) > 1:
        home = known[0]
        usage = used[home.cloud]
        carried = usage.new_versions * usage.model_gb * (len(known) - 1)
        items = _items([Need("new versions", carried, f"{home.cloud}.egress")], home.region, prices)
        total = sum(each.amount for each in items)
        lines.append(Line(home.cloud, "replication to other clouds", total, items=items))
    return lines
