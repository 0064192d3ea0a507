"""Prices: a dated file of public list prices, and what a user lays over it.

A file says when its prices were seen, and on which page each of them; a file of the user's has the
same form, and may hold a few prices only.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec

__all__ = ["Found", "Price", "PriceError", "Prices", "Source", "prices"]

_FOLDER = Path(__file__).with_name("prices")


class PriceError(ValueError):
    """A file is no price list; the message is one line."""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where prices are from.

    Attributes:
        page: its title.
        url: its address.
        seen: year and month, or day, of what it said.

    """

    page: str
    url: str
    seen: str


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One price.

    Attributes:
        unit: what costs so much.
        source: key of its source.
        regions: region → amount, in the list's currency.

    """

    unit: str
    source: str
    regions: dict[str, float]

    def __post_init__(self) -> None:
        if not all(0 <= each < float("inf") for each in self.regions.values()):
            raise ValueError("a price must be a number from 0")


class Found(NamedTuple):
    """A price as it was found for a region.

    Attributes:
        amount: per unit.
        unit: what costs so much.
        source: key of its source.
        note: whose price it is, where it is another region's.

    """

    amount: float
    unit: str
    source: str
    note: str = ""


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price list.

    Attributes:
        as_of: year and month, or day.
        currency: ISO 4217 code.
        note: what the prices leave out.
        sources: key → source.
        prices: key such as ``aws.lambda.requests`` → price.

    """

    as_of: str = ""
    currency: str = "USD"
    note: str = ""
    sources: dict[str, Source] = {}
    prices: dict[str, Price] = {}

    def find(self, key: str, region: str) -> Found | None:
        """Return a price for a region, else one of a region near it; None if there is none."""
        price = self.prices.get(key)
        if price is None or not price.regions:
            return None
        wanted = "".join(region.split()).lower()
        if wanted in price.regions:
            return Found(price.regions[wanted], price.unit, price.source)
        area = _area(wanted)
        # Of several the highest: an estimate had better not be too low.
        near = [each for each in price.regions if area and _area(each) == area]
        other = max(near or price.regions, key=lambda each: price.regions[each])
        return Found(price.regions[other], price.unit, price.source, f"price of {other}")


_EUROPE = ("eu-", "europe", "germany", "france", "sweden", "italy", "poland", "spain", "norway")


def _area(region: str) -> str:
    if region.startswith(_EUROPE):
        return "eu"
    return "us" if region.startswith("us") or region.endswith("us") else ""


def _read(path: Path) -> Prices:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Prices)
    except OSError as error:
        raise PriceError(f"{path}: {error.strerror or error}") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise PriceError(f"{path} is no price list: {error}") from None


def prices(own: Path | None = None) -> Prices:
    """Return the newest price list, with those of the file `own` laid over it, region by region.

    Raises:
        PriceError: `own` cannot be read, is no price list, or names a source that is not there.

    """
    base = _read(max(_FOLDER.glob("*.json")))
    if own is None:
        return base
    over = _read(own)
    merged = {**base.prices}
    for key, price in over.prices.items():
        regions = base.prices[key].regions if key in base.prices else {}
        merged[key] = msgspec.structs.replace(price, regions={**regions, **price.regions})
    sources = {**base.sources, **over.sources}
    for key, price in over.prices.items():
        if price.source not in sources:
            raise PriceError(f"{own}: {key} names the source {price.source!r}, which is not there")
    as_of = f"{base.as_of}, and {over.as_of or 'undated'} of {own.name}"
    return msgspec.structs.replace(base, as_of=as_of, sources=sources, prices=merged)
