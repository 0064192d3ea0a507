"""Bearer tokens of an OpenID Connect issuer.

Sources: https://openid.net/specs/openid-connect-core-1_0.html (3.1.3.7, what to check), RFC 8725
(algorithms are ours to choose, never the token's), RFC 7515 4.1.11 (``crit``).
"""

import sys
import time
from typing import Any

import jwt

from deployer.serving.auth.issuer import IssuerKeys
from deployer.serving.auth.keys import bearer, unauthenticated
from deployer.serving.refusals import RefusedError, Status

__all__ = ["OidcTokens"]

_LEEWAY = 60
_LONGEST = 16 * 1024
_LONGEST_NAME = 128
# Keys of these kinds alone, each for its own algorithm: a public RSA key is never an HMAC secret.
_KINDS = {"RS256": "RSA", "ES256": "EC"}
# A token is anybody's bytes: JSON nested too deeply, text that is none, numbers without end.
_NO_TOKEN = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)


class OidcTokens:
    """Answers holders of a token of one issuer for one audience.

    Args:
        issuer: as the tokens' ``iss`` has it, letter by letter.
        audience: that ``aud`` must name.
        keys: of the issuer; fetched from it by default.

    Raises:
        UsageError: the issuer's address is no ``https://`` one.

    """

    def __init__(self, issuer: str, audience: str, keys: IssuerKeys | None = None) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = IssuerKeys(issuer) if keys is None else keys
        if not self._keys.known:
            print(  # noqa: T201 - for the operator
                f"warning: no keys of {issuer} yet: {self._keys.trouble}",
                file=sys.stderr,
                flush=True,
            )

    def check(self, authorization: str | None, api_key: str | None) -> str:
        """Return the subject of the token; see `Authenticator`."""
        token = bearer(authorization)
        if len(token) > _LONGEST:
            raise unauthenticated("that is no token")
        try:
            header = jwt.get_unverified_header(token)
        except _NO_TOKEN as error:
            raise unauthenticated("that is no token") from error
        key, algorithm = self._key(header)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise unauthenticated("that token has expired") from error
        except jwt.InvalidAudienceError as error:
            raise unauthenticated("that token is for another audience") from error
        except _NO_TOKEN as error:
            raise unauthenticated("that token is not accepted") from error
        return str(claims["sub"])[:_LONGEST_NAME]

    def _key(self, header: dict[str, Any]) -> tuple[Any, str]:
        """Return the key that a token names, and the one algorithm that it may be used with."""
        algorithm = header.get("alg")
        kind = _KINDS.get(algorithm) if isinstance(algorithm, str) else None
        if kind is None or "crit" in header:
            raise unauthenticated("tokens must be signed with RS256 or ES256")
        self._keys.refresh_if_old(time.monotonic())
        name = header.get("kid")
        found = [
            each
            for each in self._keys.known
            if each.key_type == kind and (name is None or each.key_id == name)
        ]
        # A token that names no key is believed only where there is no choice.
        if len(found) == 1:
            return found[0], str(algorithm)
        if not self._keys.known or self._keys.refresh(time.monotonic()):
            raise RefusedError(
                Status.UNAVAILABLE,
                "the issuer's keys are being fetched: try again",
                (("retry-after", "1"),),
            )
        raise unauthenticated("that token is signed with a key that the issuer does not have")
