"""What a person should know about a table before anything is fitted.

::

    report   all findings
    columns  findings on one column
    leaks    columns that give the target away
    views    columns as codes and numbers, for the others to count
"""
