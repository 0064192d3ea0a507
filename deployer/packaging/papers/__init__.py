"""What a package says of itself to people and to their tools.

::

    model_card    the model card: Markdown with Hugging Face's front matter
    card_results  its part on scores
    card_usage    its part on use
    facts         sentences on limits that follow from numbers
    markdown      text of any kind into Markdown and YAML
    bom           the bill of materials: CycloneDX ML-BOM
    requirements  exact versions of what it takes to load the model
"""
