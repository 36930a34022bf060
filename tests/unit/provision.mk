# unit tests of provision
