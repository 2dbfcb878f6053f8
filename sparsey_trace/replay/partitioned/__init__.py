"""The replay of a trace of several partitions: each by itself, in whichever process or machine."""
