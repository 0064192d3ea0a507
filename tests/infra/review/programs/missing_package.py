# mypy: ignore-errors
import pulumi
import pulumi_kubernetes as k8s

k8s.core.v1.Namespace("apps")
pulumi.export("done", True)
