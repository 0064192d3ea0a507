# mypy: ignore-errors
"""A certificate proven by DNS; records are made in an apply."""

import pulumi
import pulumi_aws as aws

zone = aws.route53.Zone("zone", name="example.com")
certificate = aws.acm.Certificate("tls", domain_name="example.com", validation_method="DNS")


def prove(options):
    return [
        aws.route53.Record(
            f"proof-{index}",
            zone_id=zone.zone_id,
            name=each.resource_record_name,
            type=each.resource_record_type,
            records=[each.resource_record_value],
            ttl=60,
        )
        for index, each in enumerate(options)
    ]


records = certificate.domain_validation_options.apply(prove)
aws.acm.CertificateValidation(
    "valid",
    certificate_arn=certificate.arn,
    validation_record_fqdns=records.apply(lambda each: [record.fqdn for record in each]),
)
delegation = aws.route53.Record(
    "delegation",
    zone_id="Z123",
    name="shop.example.com",
    type="NS",
    ttl=300,
    records=[zone.name_servers[index] for index in range(4)],
)
pulumi.export("name_servers", zone.name_servers)
