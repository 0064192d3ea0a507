"""Lints of routers, and of Envoy's and HAProxy's configurations, whoever wrote them."""

from infra.router.finding import Finding
from infra.router.lint_envoy import lint_envoy
from infra.router.lint_haproxy import lint_haproxy
from infra.router.lint_router import lint_router

__all__ = ["Finding", "lint_envoy", "lint_haproxy", "lint_router"]
