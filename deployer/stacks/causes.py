"""Why a cloud did not do what the engine asked of it, by its own words; pure.

Words, not status codes, tell a limit of the account from missing rights: Google answers 403 for
both, Azure's App Service 401. Sources:

- AWS: "Common errors" and the services' own, such as ``LimitExceededException`` of ECR, IAM and KMS,
  ``TooManyBuckets`` of S3; https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
  for what is left to functions without a share of their own.
- Google: https://cloud.google.com/docs/quotas/troubleshoot; a "quota project" is no quota:
  https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds.
- Azure: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-quota
  and …/error-sku-not-available; ``MaxNumberOfRegionalEnvironmentsInSubExceeded`` of Container Apps
  (microsoft/azure-container-apps, issue 429); ``MaxStorageAccountsCountPerSubscriptionExceeded``
  ("Create Storage Account", error codes).
"""

import re
from typing import Literal

__all__ = ["Cause", "cause_of"]

Cause = Literal["capacity", "quota", "credentials", "unavailable", "full", ""]

_CAPACITY = re.compile(
    r"(?i)sku_?not_?available|allocation_?(failed|request)|insufficient\w*capacity"
    r"|resource_?pool_?exhausted|not available in (the )?(location|region)"
)
_RATE = re.compile(
    r"(?i)rate ?limit|rate exceeded|request ?limit ?exceeded|throttl|too ?many ?requests"
    r"|per (second|minute)"
)
# Numbers of things, which Google tells with the reason of a rate all the same.
_NUMBER = re.compile(r"(?i)maximum number of (?!attempts|retries)|insufficient project quota")
_QUOTA = re.compile(
    r"(?i)(?<!service)quota(?![ _-]?project)|quota ?exceeded|(?:limit|maximum|max\w*) ?(?:has been )?(?:exceeded|reached)"
    r"|TooMany[A-Z]\w+|CodeStorageExceeded|unreserved ?concurren"
)
_CREDENTIALS = re.compile(
    r"(?i)expired ?token|token (has )?expired|security token .*(expired|invalid)|invalidclienttokenid"
    r"|unrecognizedclient|access ?denied|unauthorized|authorizationfailed|permission[_ ]denied"
    r"|could not find default credentials|no valid credential|unable to locate credentials"
    r"|invalid_grant|expiredauthenticationtoken|invalidauthenticationtoken|credentials? (have|has|are) "
    r"|az login|\b40[13]\b"
)
_UNAVAILABLE = re.compile(
    r"(?i)resource_exhausted|service ?unavailable|internal server error|backenderror"
    r"|\b(429|500|502|503|504)\b"
    r"|connection (refused|reset)|no such host|i/o timeout|tls handshake timeout|deadline exceeded"
)
_FULL = re.compile(r"(?i)not ?empty|still contains images")


def cause_of(said: str) -> Cause:
    """Return why it failed; "" if the words do not tell.

    Args:
        said: the cloud's message, in one line.

    Returns:
        ``capacity``: the region has no more of it. ``quota``: the account may have no more of it.
        ``credentials``: missing, ended, or not allowed to. ``unavailable``: try again later.
        ``full``: what is to be deleted holds something.

    """
    if _CAPACITY.search(said):
        return "capacity"
    if _NUMBER.search(said):
        return "quota"
    if _RATE.search(said):
        return "unavailable"
    if _QUOTA.search(said):
        return "quota"
    if _CREDENTIALS.search(said):
        return "credentials"
    if _UNAVAILABLE.search(said):
        return "unavailable"
    return "full" if _FULL.search(said) else ""
