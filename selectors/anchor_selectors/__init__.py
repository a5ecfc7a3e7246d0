"""Selection methods: one file each, named after the method; registered through entry points."""
