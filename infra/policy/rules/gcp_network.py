"""Load balancers and networks of Google Cloud: DEP068, DEP069 and DEP086."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._values import holds, is_false, is_true, text, unknown, value_at
from infra.resources import Program

__all__ = ["RULES"]

_PROXIES = (
    "gcp:compute/regionTargetHttpsProxy:RegionTargetHttpsProxy",
    "gcp:compute/targetHttpsProxy:TargetHttpsProxy",
    "gcp:compute/targetSSLProxy:TargetSSLProxy",
)
_POLICIES = (
    "gcp:compute/regionSslPolicy:RegionSslPolicy",
    "gcp:compute/sSLPolicy:SSLPolicy",
)
_BACKENDS = (
    "gcp:compute/backendService:BackendService",
    "gcp:compute/regionBackendService:RegionBackendService",
)
_NETWORK = "gcp:compute/network:Network"

# https://cloud.google.com/load-balancing/docs/ssl-policies-concepts
_TLS = ("TLS_1_2", "TLS_1_3")
_PROTOCOLS = ("HTTP", "HTTPS", "HTTP2", "H2C")
_EXTERNAL = ("EXTERNAL", "EXTERNAL_MANAGED")


def _modern(program: Program, demands: Demands) -> Iterator[Problem]:
    for proxy in program.of_type(*_PROXIES):
        policy = proxy.inputs.get("sslPolicy")
        if not (unknown(policy) or text(policy)):
            yield Problem(proxy, "TLS 1.0 is accepted: no policy says otherwise", "sslPolicy")
    for policy in program.of_type(*_POLICIES):
        if not holds(policy.inputs.get("minTlsVersion"), _TLS.__contains__):
            yield Problem(policy, "TLS older than 1.2 is accepted", "minTlsVersion")
        profile = policy.inputs.get("profile")
        if not holds(profile, lambda found: found != "COMPATIBLE"):
            yield Problem(policy, "weak ciphers are accepted", "profile")


def _logged(program: Program, demands: Demands) -> Iterator[Problem]:
    for each in program.of_type(*_BACKENDS):
        protocol = each.inputs.get("protocol")
        scheme = each.inputs.get("loadBalancingScheme")
        regional = each.type == _BACKENDS[1]
        # Without a word, the regional one is INTERNAL, and the other EXTERNAL.
        if unknown(scheme) or (text(scheme) or ("" if regional else "EXTERNAL")) not in _EXTERNAL:
            continue
        if unknown(protocol) or (text(protocol) or "HTTP") not in _PROTOCOLS:
            continue
        if not is_true(value_at(each.inputs, "logConfig.enable")):
            yield Problem(each, "nobody can tell who asked: logs are off", "logConfig.enable")


def _planned(program: Program, demands: Demands) -> Iterator[Problem]:
    for network in program.of_type(_NETWORK):
        found = network.inputs.get("autoCreateSubnetworks")
        if not (unknown(found) or is_false(found)):
            message = "it has a subnet in every region there is"
            yield Problem(network, message, "autoCreateSubnetworks")


RULES = (
    Rule(
        "DEP068",
        "Google Cloud load balancers take TLS 1.2 and later alone",
        Severity.HIGH,
        "Give the proxy an SSL policy with minTlsVersion TLS_1_2 and profile MODERN or RESTRICTED.",
        ("CKV_GCP_4",),
        _modern,
    ),
    Rule(
        "DEP069",
        "Google Cloud load balancers write logs",
        Severity.MEDIUM,
        "Set logConfig.enable of the backend service.",
        (),
        _logged,
    ),
    Rule(
        "DEP086",
        "Google Cloud networks have the subnets that were planned",
        Severity.LOW,
        "Set autoCreateSubnetworks to false, and make the subnets that are needed.",
        (),
        _planned,
    ),
)
