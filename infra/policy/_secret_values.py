"""Texts that are secrets by what they look like, and texts that look like some and are none.

Patterns are those that their issuers publish, so that scanners may find them: AWS
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html), Azure
(https://learn.microsoft.com/purview/sit-defn-azure-storage-account-key), GitHub
(https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/) and others.
"""

import math
import re
from collections import Counter

__all__ = ["is_plain", "is_random", "is_secret"]

_SHAPES = re.compile(
    r"""
    (?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])          # AWS access key
    | -----BEGIN[ ](?:[A-Z0-9]+[ ])*PRIVATE[ ]KEY                      # PEM, OpenSSH, PGP
    | LS0tLS1CRUdJTi(?:BQUklWQVRF|BSU0EgUFJJVkFUR|BFQyBQUklWQVRF|BPUEVOU1NIIFBSSVZBVEUg)
    | (?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*                     # JSON Web Token
    | (?<![\w-])AIza[\w-]{35}(?![\w-])                                 # Google API key
    | (?<![\w-])ya29\.[\w-]{20,}                                       # Google OAuth token
    | (?<![\w-])GOCSPX-[\w-]{20,}                                      # Google OAuth client
    | (?<![\w-])gh[pousr]_[A-Za-z0-9]{30,}                             # GitHub
    | (?<![\w-])github_pat_\w{30,}
    | (?<![\w-])glpat-[\w-]{20,}                                       # GitLab
    | (?<![\w-])xox[abeoprs]-[\w-]{10,}                                # Slack
    | hooks\.slack\.com/services/\w+/\w+/\w+
    | (?<![\w-])(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}               # Stripe
    | (?<![\w-])sk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,}                   # OpenAI, Anthropic
    | (?<![\w-])(?:hf|npm)_[A-Za-z0-9]{30,}                            # Hugging Face, npm
    | (?<![\w-])pypi-AgE[\w-]{50,}                                     # PyPI
    | (?<![\w-])pul-[0-9a-f]{40}(?![\w-])                              # Pulumi
    | (?<![\w-])SG\.[\w-]{20,}\.[\w-]{30,}                             # SendGrid
    | AGE-SECRET-KEY-1[A-Z0-9]{20,}                                    # age
    | \b(?:AccountKey|SharedAccessKey|SharedSecret)=[A-Za-z0-9+/]{16}  # Azure connection string
    | [?&]sig=[A-Za-z0-9%+/]{20,}                                      # Azure SAS, signed URL
    | [?&]X-(?:Amz|Goog)-Signature=[0-9a-f]{32,}
    | \b(?:password|pwd)[ ]*=[ ]*(?!\$\{|\*|<)[^\s;,'"&]+[ ]*;         # ADO.NET, ODBC
    """,
    re.VERBOSE,
)
_DATABASE = re.compile(r"(?:;|^)\s*(?:password|pwd)\s*=\s*(?!\$\{|\*|<|;|$)[^;]+", re.IGNORECASE)
_LOGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/:@?#]*:(?P<word>[^\s/@?#]+)@", re.IGNORECASE)
_HOLLOW = re.compile(r"\$\{[^}]*\}|\{\{.*\}\}|<[^>]*>|\*+|x{3,}", re.IGNORECASE)

_PLAIN = re.compile(
    r"""
    arn:[\w-]+:.*
    | [a-z][a-z0-9+.-]*://.*                       # logins in URLs were looked for before
    | /subscriptions/.*
    | (?://[\w.-]+/)?(?:projects|organizations|folders|locations)/.*
    | (?:[\w.-]+:)?[\w.-]+@[\w.-]+\.gserviceaccount\.com
    | principal(?:Set)?:.*
    | (?:[\w.:/-]+@)?sha(?:1|256|384|512):[0-9a-f]+
    | \$\{[^{}]*\}(?:[/:.\w-]*)                    # a value that only a cloud knows
    | true | false | yes | no | none | null | auto | default | enabled | disabled | required
    | optional | inherited | any | \*+
    | [\d.]{1,5}
    | [\w.-]+\.(?:pem|key|json|txt|crt|pub)        # a file's name
    | (?:ssh-(?:rsa|ed25519)|ecdsa-sha2-\S+)[ ].*  # public keys
    | -----BEGIN[ ](?:CERTIFICATE|PUBLIC|RSA[ ]PUBLIC).*
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CHARACTERS = re.compile(r"[A-Za-z0-9+/_.~=-]{16,}")
_WORDS = re.compile(r"[A-Za-z]+(?:[-_./][A-Za-z]+)*\d{0,4}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)

_BITS = 3.3  # a character; words have about 3, random hex of 32 digits 3.4 to 3.9
_BITS_HEX = 2.8


def is_secret(text: str) -> bool:
    """Return whether a text holds a secret, whatever it is called."""
    if _SHAPES.search(text) or ("=" in text and ";" in text and _DATABASE.search(text)):
        return True
    return any(not _HOLLOW.fullmatch(each["word"]) for each in _LOGIN.finditer(text))


def is_plain(text: str) -> bool:
    """Return whether a text is certainly none: a name, an address, a switch, nothing at all."""
    return not text.strip() or bool(_PLAIN.fullmatch(text.strip()) or _HOLLOW.fullmatch(text))


def is_random(text: str) -> bool:
    """Return whether a text seems to be drawn by lot: long, of mixed characters, no words."""
    if not _CHARACTERS.fullmatch(text) or _WORDS.fullmatch(text) or _UUID.fullmatch(text):
        return False
    return _entropy(text) >= (_BITS_HEX if _HEX.fullmatch(text) else _BITS)


def _entropy(text: str) -> float:
    """Return Shannon's entropy of a text's characters, in bits a character."""
    counts = Counter(text).values()
    return -sum(each / len(text) * math.log2(each / len(text)) for each in counts)
