"""Price lists, one file for each date; the newest is used."""
