# demands {"public": false}
import pulumi_aws as aws

aws.apigatewayv2.Api("api", protocol_type="HTTP")  # <- DEP058
