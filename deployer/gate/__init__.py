"""The gate: what a version must show before an alias moves to it.

::

    rules     from settings to rules, every name checked
    verdict   the document that is stored with the move of the alias
    judge     rules and evidence to a verdict; nothing but arithmetic
    models    versions fetched, verified and asked about the rows that decide
    evidence  what is known of the candidate, and of the champion on the same rows
"""
