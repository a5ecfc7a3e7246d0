"""Arrays in, arrays out: the statistics that methods and protocol rest on, one subject a file."""
