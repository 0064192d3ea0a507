"""Where each object of the registry is, as docs/format.md specifies."""

__all__ = [
    "BLOBS",
    "DIVERGED",
    "EPOCHS",
    "GARBAGE",
    "MANIFESTS",
    "MARKER",
    "MODELS",
    "SWEEP",
    "TXNS",
    "alias",
    "alias_log",
    "aliases",
    "blob",
    "deleted",
    "deletions",
    "diverged",
    "epoch",
    "manifest",
    "tombstone",
    "txn",
    "version",
    "versions",
]

MARKER = "deployer.json"
MODELS = "models/"
BLOBS = "blobs/sha256/"
MANIFESTS = "manifests/sha256/"
TXNS = "txn/"
GARBAGE = "gc/"
SWEEP = f"{GARBAGE}sweep.json"
EPOCHS = "epochs/"
DIVERGED = "diverged/"


def blob(sha256: str) -> str:
    """Return the key of a file's content."""
    return f"{BLOBS}{sha256[:2]}/{sha256}"


def manifest(sha256: str) -> str:
    """Return the key of a manifest."""
    return f"{MANIFESTS}{sha256}.json"


def versions(name: str) -> str:
    """Return the prefix of a model's versions."""
    return f"{MODELS}{name}/versions/"


def version(name: str, number: int) -> str:
    """Return the key of a version's record; eight digits keep listings in order."""
    return f"{versions(name)}{number:08d}.json"


def deletions(name: str) -> str:
    """Return the prefix of a model's deletion records."""
    return f"{MODELS}{name}/deleted/"


def deleted(name: str, number: int) -> str:
    """Return the key of the record that says that a version was taken back."""
    return f"{deletions(name)}{number:08d}.json"


def aliases(name: str) -> str:
    """Return the prefix of a model's aliases."""
    return f"{MODELS}{name}/aliases/"


def alias(name: str, alias_name: str) -> str:
    """Return the key of an alias."""
    return f"{aliases(name)}{alias_name}.json"


def alias_log(name: str, alias_name: str, seq: int) -> str:
    """Return the key of one entry of an alias's history."""
    return f"{aliases(name)}{alias_name}.log/{seq:08d}.json"


def epoch(number: int) -> str:
    """Return the key of the claim to be the home from this epoch on."""
    return f"{EPOCHS}{number:08d}.json"


def diverged(sha256: str, key: str) -> str:
    """Return where a record with this digest is kept that had to make way at `key`."""
    return f"{DIVERGED}{sha256}/{key}"


def txn(ident: str) -> str:
    """Return the key of a publisher's intent record."""
    return f"{TXNS}{ident}.json"


def tombstone(ident: str) -> str:
    """Return the key of a list of objects that may be removed once it is old."""
    return f"{GARBAGE}{ident}.json"
