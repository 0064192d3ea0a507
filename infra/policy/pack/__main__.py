"""Serves the policies to the engine that started this, until it ends."""

import os

from pulumi_policy import PolicyPack

from infra.policy.pack.policies import policies

PolicyPack("deployer", policies(os.environ))
