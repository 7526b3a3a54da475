"""Lists that people make their own: what is asked for in an address, columns, views under a name, and files of them."""
