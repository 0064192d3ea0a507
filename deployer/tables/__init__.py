"""Files to columns: CSV, Parquet and JSON Lines, strictly, with a place for every cell.

::

    values      what one cell says: missing, a number, a date
    table       columns of an Arrow table, with row and line numbers
    columns     what whole columns say, by the rules of `values`
    source      a file, stdin or bytes, and what can go wrong in opening them
    header      the names of the columns
    csv_fast    pyarrow's CSV reader, for files without quotes
    csv_strict  the standard library's, for the others and for every error
    parquet     Parquet
    jsonl       JSON Lines
    sample      an even sample of a stream of rows
    memory      what reading takes, and what there is
    read        all of it: a path to a table
    stream      the same in batches of rows, for files of any size
"""
