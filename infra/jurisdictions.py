"""Where the clouds' regions are, and which of them satisfy a binding.

The table is region → the countries that its data may be in.

Countries are ISO 3166-1 codes in lower case. A region that spans several names them all; one
whose place is not public, or that may be anywhere on a continent, names none.

Sources: botocore's ``partitions.json`` for AWS, which the tests walk; for Google Cloud and Azure
their lists of locations as of 2026, copied by hand and checked by no machine. A region that is
missing here, or that a cloud has opened since, matches its own name only.

An entry of a binding is the exact name of a region (``eu-central-1``, ``europe-west3``,
``westeurope``) or a jurisdiction: ``eu``, ``eea`` or a country's ISO code (``uk`` is ``gb``).
Several entries allow the union of what each allows. A region that spans several countries
satisfies a binding if every one of them does.

Names can deceive: London and Zurich are ``eu-west-2`` and ``eu-central-2``, ``europe-west2`` and
``europe-west6``, but neither is in the European Union.
"""

from collections.abc import Iterable, Sequence

__all__ = ["EEA", "EU", "JURISDICTIONS", "REGIONS", "allowed", "countries", "normal"]

EU = frozenset(  # a list would be one country a line
    "at be bg cy cz de dk ee es fi fr gr hr hu ie it lt lu lv mt nl pl pt ro se si sk".split()  # noqa: SIM905
)
"""The member states of the European Union."""

EEA = EU | {"is", "li", "no"}
"""The European Economic Area."""

_AWS = {
    "ae": "me-central-1",
    "au": "ap-southeast-2 ap-southeast-4",
    "bh": "me-south-1",
    "br": "sa-east-1",
    "ca": "ca-central-1 ca-west-1",
    "ch": "eu-central-2",
    "cl": "sa-west-1",
    "cn": "cn-north-1 cn-northwest-1",
    "de": "eu-central-1 eusc-de-east-1",
    "es": "eu-south-2",
    "fr": "eu-west-3",
    "gb": "eu-west-2",
    "hk": "ap-east-1",
    "id": "ap-southeast-3",
    "ie": "eu-west-1",
    "il": "il-central-1",
    "in": "ap-south-1 ap-south-2",
    "it": "eu-south-1",
    "jp": "ap-northeast-1 ap-northeast-3",
    "kr": "ap-northeast-2",
    "mx": "mx-central-1",
    "my": "ap-southeast-5",
    "nz": "ap-southeast-6",
    "sa": "me-west-1",
    "se": "eu-north-1",
    "sg": "ap-southeast-1",
    "th": "ap-southeast-7",
    "tw": "ap-east-2",
    "us": "us-east-1 us-east-2 us-west-1 us-west-2 us-gov-east-1 us-gov-west-1 us-iso-east-1 "
    "us-iso-west-1 us-isob-east-1 us-isob-west-1 us-isof-east-1 us-isof-south-1",
    "za": "af-south-1",
    "": "eu-isoe-west-1",
}

_GCP = {
    "au": "australia-southeast1 australia-southeast2",
    "be": "europe-west1",
    "be gb": "eur5",
    "br": "southamerica-east1",
    "ca": "northamerica-northeast1 northamerica-northeast2",
    "ch": "europe-west6",
    "ch de": "eur8",
    "cl": "southamerica-west1",
    "de": "europe-west3 europe-west10",
    "de gb": "eur7",
    "es": "europe-southwest1",
    "fi": "europe-north1",
    "fi nl": "eur4",
    "fr": "europe-west9",
    "gb": "europe-west2",
    "hk": "asia-east2",
    "id": "asia-southeast2",
    "il": "me-west1",
    "in": "asia-south1 asia-south2",
    "it": "europe-west8 europe-west12",
    "jp": "asia-northeast1 asia-northeast2 asia1",
    "kr": "asia-northeast3",
    "mx": "northamerica-south1",
    "nl": "europe-west4",
    "pl": "europe-central2",
    "qa": "me-central1",
    "sa": "me-central2",
    "se": "europe-north2",
    "sg": "asia-southeast1",
    "th": "asia-southeast3",
    "tw": "asia-east1",
    "us": "us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4 "
    "us nam4",
    "za": "africa-south1",
    # Data centres in member states; London and Zurich are no part of it.
    " ".join(sorted(EU)): "eu",
    "": "asia",
}

_AZURE = {
    "ae": "uaenorth uaecentral",
    "at": "austriaeast",
    "au": "australiaeast australiasoutheast australiacentral australiacentral2",
    "be": "belgiumcentral",
    "br": "brazilsouth brazilsoutheast",
    "ca": "canadacentral canadaeast",
    "ch": "switzerlandnorth switzerlandwest",
    "cl": "chilecentral",
    "cn": "chinaeast chinaeast2 chinaeast3 chinanorth chinanorth2 chinanorth3",
    "de": "germanywestcentral germanynorth",
    "dk": "denmarkeast",
    "es": "spaincentral",
    "fr": "francecentral francesouth",
    "gb": "uksouth ukwest",
    "hk": "eastasia",
    "id": "indonesiacentral",
    "ie": "northeurope",
    "il": "israelcentral",
    "in": "centralindia southindia westindia jioindiawest jioindiacentral",
    "it": "italynorth",
    "jp": "japaneast japanwest",
    "kr": "koreacentral koreasouth",
    "mx": "mexicocentral",
    "my": "malaysiawest",
    "nl": "westeurope",
    "no": "norwayeast norwaywest",
    "nz": "newzealandnorth",
    "pl": "polandcentral",
    "qa": "qatarcentral",
    "se": "swedencentral swedensouth",
    "sg": "southeastasia",
    "us": "eastus eastus2 centralus northcentralus southcentralus westcentralus westus westus2 "
    "westus3 usgovvirginia usgovarizona usgovtexas usdodeast usdodcentral",
    "za": "southafricanorth southafricawest",
}

REGIONS = {
    region: frozenset(countries.split())
    for cloud in (_AWS, _GCP, _AZURE)
    for countries, regions in cloud.items()
    for region in regions.split()
}
"""Region, in lower case and without spaces → countries; empty if they cannot be told."""

_GROUPS = {"eu": EU, "eea": EEA, "uk": frozenset({"gb"})}
_COUNTRIES = EEA.union(*REGIONS.values())

JURISDICTIONS = {**{country: frozenset({country}) for country in _COUNTRIES}, **_GROUPS}
"""Jurisdiction → its countries."""


def normal(name: str) -> str:
    """Return a region or a jurisdiction as it is compared: ``West Europe`` is ``westeurope``."""
    return "".join(name.split()).lower()


def countries(region: str) -> frozenset[str]:
    """Return the countries that a region's data may be in; empty if they cannot be told."""
    return REGIONS.get(normal(region), frozenset())


def allowed(binding: Sequence[str], region: str | None) -> bool:
    """Tell whether what is bound so may be kept in `region`; None is a region not known."""
    if not binding:
        return True
    if region is None or not normal(region):
        return False
    entries = {normal(entry) for entry in binding}
    if normal(region) in entries:
        return True
    found = countries(region)
    return bool(found) and found <= _union(entries)


def _union(entries: Iterable[str]) -> frozenset[str]:
    """Return the countries that are wholly allowed: a region allows itself, not its country."""
    return frozenset().union(*(JURISDICTIONS.get(entry, ()) for entry in entries))
