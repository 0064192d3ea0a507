"""The old place of the reader of tables."""

from deployer.tables.read import parse_table
from deployer.tables.source import read_bytes
from deployer.tables.table import Table, nearest

__all__ = ["Table", "nearest", "parse_table", "read_bytes"]
