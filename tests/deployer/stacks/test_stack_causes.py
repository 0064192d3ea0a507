"""What clouds say when they refuse, as they have said it to others, told by its cause."""

from collections.abc import Iterator

import pytest

from deployer.errors import ExitCode
from deployer.stacks.causes import cause_of
from deployer.stacks.failures import failure_of

# From issues and pages that quote them; ids and names are cut.
SAID = """
# hashicorp/terraform-provider-google and Google's own page of quota errors
gcp | quota | googleapi: Error 403: Quota 'SSD_TOTAL_GB' exceeded.  Limit: 100.0, quotaExceeded
gcp | quota | googleapi: Error 403: Insufficient project quota to satisfy request: resource
gcp | quota | googleapi: Error 400: Quota violated: CpuAllocPerProjectRegion requested: 60000
gcp | quota | Error 429: Maximum number of service accounts on project reached., rateLimitExceeded
gcp | unavailable | googleapi: Error 403: User Rate Limit Exceeded, userRateLimitExceeded
gcp | unavailable | googleapi: Error 403: Rate Limit Exceeded, rateLimitExceeded
gcp | unavailable | RESOURCE_EXHAUSTED: Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per region' of service 'run.googleapis.com'
gcp | credentials | googleapi: Error 403: Your application is authenticating by using local Application Default Credentials. The API requires a quota project, which is not set by default.
gcp | credentials | googleapi: Error 403: Permission 'run.services.create' denied, forbidden
# Azure's pages of deployment errors; azure-cli issue 31665; azure-container-apps issues 429, 1648
azure | quota | Status=409 Code="OperationNotAllowed" Message="Operation could not be completed as it results in exceeding approved Total Regional Cores quota."
azure | quota | Code=ResourceQuotaExceeded Message=Creating the resource of type T would exceed
azure | quota | Status=401 Code="Unauthorized" Message="Operation cannot be completed without additional quota."
azure | quota | Code="MaxNumberOfRegionalEnvironmentsInSubExceeded" Message="The subscription cannot have more than 1 environments in East US."
azure | quota | Code="MaxStorageAccountsCountPerSubscriptionExceeded" Message="S already contains"
azure | capacity | (SkuNotAvailable) The requested size for resource 'R' is currently not available in location 'westeurope' zones '' for subscription 'S'.
azure | capacity | Code="ZonalAllocationFailed" Message="Allocation failed."
azure | unavailable | Status=429 Code="TooManyRequests" Message="The request is being throttled as the limit has been reached for operation type - Write"
azure | credentials | Status=403 Code="AuthorizationFailed" Message="The client does not have"
# AWS's pages of common errors and of each service
aws | quota | api error TooManyBuckets: You have attempted to create more buckets than allowed
aws | quota | api error LimitExceeded: Cannot exceed quota for RolesPerAccount: 1000
aws | quota | LimitExceededException: The repository limit of 100000 is reached
aws | quota | ServiceQuotaExceededException: too many of them
aws | quota | InvalidParameterValueException: Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [10].
aws | capacity | InsufficientInstanceCapacity: We currently do not have sufficient capacity
aws | unavailable | operation error Lambda: CreateFunction, StatusCode: 429, TooManyRequestsException: Rate exceeded
aws | unavailable | operation error S3: CreateBucket, exceeded maximum number of attempts, 25, https response error StatusCode: 503, ServiceUnavailable
aws | credentials | AccessDenied: User: U is not authorized to perform: servicequotas:GetServiceQuota
aws | full | RepositoryNotEmptyException: The repository cannot be deleted because it still contains
aws | - | ValidationException: the name is not a name
"""


def told() -> Iterator[tuple[str, str, str]]:
    for line in SAID.strip().splitlines():
        if not line.startswith("#"):
            cloud, cause, said = line.split(" | ", 2)
            yield cloud, cause.strip("-"), said


@pytest.mark.parametrize(("cloud", "cause", "said"), list(told()))
def test_a_refusal_is_told_by_its_cause(cloud: str, cause: str, said: str) -> None:
    assert cause_of(said) == cause
    error = failure_of("error", [said], cloud=cloud)
    assert str(error).startswith(f"{cloud}: ")
    assert error.message == " ".join(said.split())
    code, advice = {
        "quota": (ExitCode.UNAVAILABLE, "ask for more (https://"),
        "capacity": (ExitCode.UNAVAILABLE, "another region or size"),
        "unavailable": (ExitCode.UNAVAILABLE, "in some minutes"),
        "credentials": (ExitCode.CREDENTIALS, f"deployer doctor --clouds {cloud}"),
        "full": (ExitCode.ERROR, "deployer down again"),
        "": (ExitCode.ERROR, "mend it, then run it again"),
    }[cause]
    assert error.exit_code == code
    assert advice in error.hint
    assert "\n" not in f"{error} {error.hint}"
    assert "{" not in error.hint
