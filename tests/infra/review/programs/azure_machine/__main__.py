# mypy: ignore-errors
"""A machine with a public address and a cloud-init script."""

import base64

import pulumi
import pulumi_azure_native as azure

SCRIPT = """#!/bin/sh
echo hello
"""

config = pulumi.Config()
username = config.get("username", "pulumi")
password = config.get_secret("password") or pulumi.Output.secret("Correct-Horse-9")

group = azure.resources.ResourceGroup("server")
network = azure.network.VirtualNetwork(
    "net",
    resource_group_name=group.name,
    address_space=azure.network.AddressSpaceArgs(address_prefixes=["10.0.0.0/16"]),
    subnets=[azure.network.SubnetArgs(name="default", address_prefix="10.0.1.0/24")],
)
address = azure.network.PublicIPAddress("ip", resource_group_name=group.name)
card = azure.network.NetworkInterface(
    "nic",
    resource_group_name=group.name,
    ip_configurations=[
        azure.network.NetworkInterfaceIPConfigurationArgs(
            name="webserver",
            subnet=azure.network.SubnetArgs(id=network.subnets[0].id),
            public_ip_address=azure.network.PublicIPAddressArgs(id=address.id),
        )
    ],
)
machine = azure.compute.VirtualMachine(
    "vm",
    resource_group_name=group.name,
    network_profile={"network_interfaces": [{"id": card.id}]},
    hardware_profile={"vm_size": "Standard_B1s"},
    os_profile={
        "computer_name": "host",
        "admin_username": username,
        "admin_password": password,
        "custom_data": base64.b64encode(SCRIPT.encode()).decode(),
    },
)
combined = pulumi.Output.all(machine.id, address.name, group.name)
details = combined.apply(
    lambda args: azure.network.get_public_ip_address(
        public_ip_address_name=args[1], resource_group_name=args[2]
    )
)
pulumi.export("public_ip", details.apply(lambda each: each.ip_address))
