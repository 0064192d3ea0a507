import pulumi_gcp as gcp

AMOUNT = gcp.billing.BudgetAmountArgs(
    specified_amount=gcp.billing.BudgetAmountSpecifiedAmountArgs(units="100")
)
gcp.billing.Budget("spent", billing_account="A", amount=AMOUNT)  # <- DEP067
gcp.billing.Budget(  # <- DEP067
    "silent",
    billing_account="A",
    amount=AMOUNT,
    threshold_rules=[gcp.billing.BudgetThresholdRuleArgs(threshold_percent=1.0)],
    all_updates_rule=gcp.billing.BudgetAllUpdatesRuleArgs(disable_default_iam_recipients=True),
)
