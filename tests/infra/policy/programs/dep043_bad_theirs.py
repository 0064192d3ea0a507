import pulumi_aws as aws

aws.sns.Topic("alarms", kms_master_key_id="alias/aws/sns")  # <- DEP043
