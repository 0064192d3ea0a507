"""The Pulumi program that makes an endpoint on Azure."""
