"""Which account, where and with which secret: the variables that Azure's own tools read.

Sources: "Configure Azure Storage connection strings"; "Azure CLI configuration", for
AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_KEY and AZURE_STORAGE_SAS_TOKEN.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from providers.errors import UnsupportedError

__all__ = ["Access", "find_access"]

CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"
PUBLIC_CLOUD = "core.windows.net"
# The account and key that Microsoft publishes for emulators, the same on every machine.
EMULATED = {
    "ACCOUNTNAME": "devstoreaccount1",
    "ACCOUNTKEY": "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/"
    "K1SZFPTOtr/KBHBeksoGMGw==",
    "BLOBENDPOINT": "http://127.0.0.1:10000/devstoreaccount1",
}


@dataclass(frozen=True)
class Access:
    """How to reach an account.

    Attributes:
        endpoint: URL of its blob service.
        key: the account's key in Base64, or None.
        signature: a shared access signature, or None; without either a token is needed.

    """

    endpoint: str
    key: str | None = field(default=None, repr=False)
    signature: str | None = field(default=None, repr=False)


def find_access(account: str, environment: Mapping[str, str]) -> Access:
    """Return the access to `account` that the environment gives.

    Raises:
        UnsupportedError: it gives access to another account, or is malformed.

    """
    connection = environment.get(CONNECTION)
    if connection:
        return _parse(connection, account)
    key = environment.get("AZURE_STORAGE_KEY") or None
    signature = environment.get("AZURE_STORAGE_SAS_TOKEN") or None
    if key or signature:
        owner = environment.get("AZURE_STORAGE_ACCOUNT") or account
        _require(account, owner, "AZURE_STORAGE_KEY" if key else "AZURE_STORAGE_SAS_TOKEN")
    return _access(f"https://{account}.blob.{PUBLIC_CLOUD}", key, signature)


def _access(endpoint: str, key: str | None, signature: str | None) -> Access:
    # A key can do all that a signature can.
    return Access(
        endpoint.rstrip("/"), key, None if key or not signature else signature.lstrip("?")
    )


def _parse(connection: str, account: str) -> Access:
    pairs = [item.partition("=") for item in connection.strip().rstrip(";").split(";")]
    found = {name.strip().upper(): value for name, _, value in pairs}
    if found.get("USEDEVELOPMENTSTORAGE", "").lower() == "true":
        found = EMULATED
    key, signature = found.get("ACCOUNTKEY"), found.get("SHAREDACCESSSIGNATURE")
    if not (key or signature):
        raise UnsupportedError(
            f"{CONNECTION} has neither AccountKey nor SharedAccessSignature",
            op="open",
            hint="copy it again from the storage account's access keys",
        )
    scheme = found.get("DEFAULTENDPOINTSPROTOCOL") or "https"
    suffix = found.get("ENDPOINTSUFFIX") or PUBLIC_CLOUD
    name = found.get("ACCOUNTNAME")
    endpoint = found.get("BLOBENDPOINT") or f"{scheme}://{name or account}.blob.{suffix}"
    if name is None:
        # A string with a signature alone tells the account by the host's first label.
        host = endpoint.partition("://")[2].partition("/")[0]
        name = host.partition(".")[0] if ".blob." in host else account
    _require(account, name, CONNECTION)
    return _access(endpoint, key, signature)


def _require(account: str, owner: str, variable: str) -> None:
    if owner != account:
        raise UnsupportedError(
            f"{variable} is of the storage account {owner!r}, not of {account!r}",
            op="open",
            hint=f"set {variable} for {account!r}, or unset it to sign in otherwise",
        )
