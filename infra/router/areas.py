"""Which part of the world a region is in, by its name: for distance alone, never for residency.

AWS and Google Cloud begin their names with it (``eu-central-1``, ``europe-west3``); Azure's are
words (``germanywestcentral``, ``eastus2``), of which the telling parts are listed.
"""

import re

__all__ = ["area", "distance"]

_PREFIXES = {
    "af": "africa",
    "africa": "africa",
    "ap": "asia",
    "asia": "asia",
    "australia": "asia",
    "ca": "america",
    "cn": "china",
    "eu": "europe",
    "europe": "europe",
    "eusc": "europe",
    "il": "middle-east",
    "me": "middle-east",
    "mx": "america",
    "northamerica": "america",
    "sa": "south-america",
    "southamerica": "south-america",
    "us": "america",
}

_AZURE = {
    "africa": r"africa",
    "america": r"us\d?$|canada|mexico",
    "asia": r"asia|japan|korea|australia|india|indonesia|malaysia|newzealand|taiwan",
    "china": r"^china",
    "europe": r"europe|austria|belgium|denmark|finland|france|germany|greece|italy|norway|poland"
    r"|spain|sweden|switzerland|^uk",
    "middle-east": r"^uae|qatar|israel|saudi",
    "south-america": r"brazil|chile",
}


def area(region: str) -> str:
    """Return the part of the world, such as ``europe``; "" if the name does not tell."""
    name = region.casefold().replace(" ", "")
    first, dash, _ = name.partition("-")
    if dash:
        return _PREFIXES.get(first, "")
    return next((found for found, words in _AZURE.items() if re.search(words, name)), "")


def distance(here: str, there: str) -> int:
    """Return 0 for the same region, 1 for the same part of the world, 2 for all else."""
    if not here or not there:
        return 2
    if here.casefold() == there.casefold():
        return 0
    return 1 if area(here) and area(here) == area(there) else 2
